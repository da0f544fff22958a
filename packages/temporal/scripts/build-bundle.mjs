// Builds dist/workflow-bundle.js from the compiled sandbox, so that a worker starts without a bundler.
import { writeFile } from "node:fs/promises";
import { bundleSandbox } from "../dist/bundle.js";

const { code } = await bundleSandbox();
await writeFile(new URL("../dist/workflow-bundle.js", import.meta.url), code);
