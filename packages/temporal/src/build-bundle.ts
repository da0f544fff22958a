/** Run once by `npm run build`: writes the workflow bundle beside the compiled sources, so that a worker starts without a bundler. */
import { writeFile } from "node:fs/promises";
import { bundleSandbox } from "./bundle.ts";

const { code } = await bundleSandbox();
await writeFile(new URL("workflow-bundle.js", import.meta.url), code);
