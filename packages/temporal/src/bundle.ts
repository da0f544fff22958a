/**
 * The workflow bundle: the sandbox and the loop, nothing else, as one file.
 *
 * Built with the package, so that a worker starts without a bundler. From sources it is built when a worker starts, and
 * kept by the hash of what it is made of.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from "@temporalio/worker";

const extension = extname(import.meta.url);
const fromSource = extension === ".ts";
const here = dirname(fileURLToPath(import.meta.url));
const sandbox = join(here, "sandbox");
const built = join(here, "workflow-bundle.js");
const cache = join(here, "../../../.cache/temporal");

/** Bundles the sandbox as it is compiled, or as it is written when this runs from sources. */
export function bundleSandbox(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: join(sandbox, `workflows${extension}`),
    payloadConverterPath: join(sandbox, `payload-converter${extension}`),
    logger: new DefaultLogger("WARN"),
    webpackConfigHook: (config) => ({
      ...config,
      output: { ...config.output, devtoolModuleFilenameTemplate: sourceName },
      resolve: {
        ...config.resolve,
        conditionNames: [
          ...(fromSource ? ["omniforge:source"] : []),
          "import",
          "module",
          "webpack",
          "require",
          "node",
          "default",
        ],
      },
    }),
  });
}

/** Where the machine that built the bundle keeps its files has no place in the package. */
function sourceName({ absoluteResourcePath: path }: { readonly absoluteResourcePath: string }): string {
  const parts = path.split(/[/\\]/);
  const from = Math.max(parts.lastIndexOf("node_modules"), parts.lastIndexOf("packages"));
  return parts.slice(from + 1).join("/");
}

/** Where the worker finds the bundle; builds it first when this runs from sources and they have changed. */
export async function workflowBundle(): Promise<{ readonly codePath: string }> {
  if (!fromSource) return { codePath: built };
  const codePath = join(cache, `${await sourcesHash()}.js`);
  try {
    await readFile(codePath);
  } catch {
    const { code } = await bundleSandbox();
    await mkdir(cache, { recursive: true });
    const draft = `${codePath}.${process.pid}`;
    await writeFile(draft, code);
    await rename(draft, codePath);
  }
  return { codePath };
}

async function sourcesHash(): Promise<string> {
  const hash = createHash("sha256")
    .update(import.meta.resolve("@temporalio/workflow"))
    .update(await readFile(fileURLToPath(import.meta.url)));
  for (const folder of [sandbox, dirname(fileURLToPath(import.meta.resolve("omniforge/loop")))]) {
    const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
    for (const name of files) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 32);
}
