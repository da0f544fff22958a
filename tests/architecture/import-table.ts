/**
 * Who may import whom. The table is the law; the folders are those of packages/omniforge/src.
 *
 * A folder is `pure` when the table lists all that it may import. The others may import what is not forbidden to them:
 * engines and surfaces know the parts below, and no part below knows an engine or a surface.
 */
import { posix } from "node:path";
import { type Import, type Source, importsOf, isTest, packageOf } from "./read-sources.ts";

const core = "packages/omniforge/src/";
const temporal = "packages/temporal/src/";

/** Folder → what it may import; a `types` entry only through `import type`. */
const pure: Record<string, { values: readonly string[]; types: readonly string[] }> = {
  protocol: { values: ["zod"], types: [] },
  loop: { values: [], types: ["protocol"] },
  client: { values: [], types: ["protocol"] },
};

const surfaces = ["server", "cli", "client"];

/** Folder → folders that it must not know. */
const forbidden: Record<string, readonly string[]> = {
  backend: ["in-process", ...surfaces],
  steps: ["in-process", ...surfaces],
  models: ["in-process", "steps", ...surfaces],
  tools: ["in-process", "steps", ...surfaces],
  skills: ["in-process", "steps", ...surfaces],
  prompts: ["in-process", "steps", ...surfaces],
  events: ["in-process", "steps", "models", "backend", ...surfaces],
  store: ["in-process", "steps", "models", "tools", ...surfaces],
  redaction: ["in-process", "steps", "models", "tools", ...surfaces],
  telemetry: ["in-process", "steps", ...surfaces],
  testing: ["in-process", ...surfaces],
  "in-process": surfaces,
  server: ["in-process", "cli", "client"],
};

/** Who may name a concrete backend: where a program is put together. */
const composers = [`${core}index.ts`, `${core}create-omniforge.ts`, `${core}cli/`];

/** Packages that change shape often, or that only one place should know. */
const keepers: Record<string, string> = {
  "@ai-sdk/provider": `${core}models/`,
  "@ai-sdk/anthropic": `${core}models/providers/anthropic.ts`,
  "@ai-sdk/google": `${core}models/providers/google.ts`,
  "@ai-sdk/openai": `${core}models/providers/openai.ts`,
  "@ai-sdk/openai-compatible": `${core}models/providers/openai-compatible.ts`,
  "@a2a-js/sdk": `${core}server/a2a/`,
  "@hono/node-server": `${core}server/`,
  "@opentelemetry/api": `${core}telemetry/`,
  hono: `${core}server/`,
  pg: `${core}store/postgres/`,
  redis: `${core}events/redis/`,
  "node:sqlite": `${core}store/sqlite/`,
};

const sandbox = {
  values: ["@temporalio/workflow", "omniforge/loop"],
  types: ["@temporalio/common", "omniforge/protocol"],
};

/** Every import of the file that the table does not allow, as sentences. */
export function violations(source: Source): string[] {
  if (isTest(source.path)) return [];
  return importsOf(source.text).flatMap((found) => {
    const reason = source.path.startsWith(temporal)
      ? reasonInTemporal(source.path, found)
      : source.path.startsWith(core)
        ? reasonInCore(source.path, found)
        : undefined;
    return reason === undefined ? [] : [`${source.path} imports ${found.from}: ${reason}`];
  });
}

function reasonInCore(path: string, found: Import): string | undefined {
  const target = resolve(path, found.from);
  if (target !== undefined && !target.startsWith(core)) return "it lies outside of the package";
  const from = folderOf(path);
  const to = target === undefined ? found.from : folderOf(target);
  if (from !== "" && from === to) return undefined;

  const list = pure[from];
  if (list !== undefined) {
    if (list.values.includes(to)) return undefined;
    if (list.types.includes(to)) return found.typeOnly ? undefined : `${from} imports types only`;
    return `${from} may not know it`;
  }
  if (forbidden[from]?.includes(to) === true) return `${from} may not know ${to}`;
  const keeper = keepers[to];
  if (keeper !== undefined && !path.startsWith(keeper)) return `only ${keeper} knows it`;
  if (packageOf(to)?.startsWith("@temporalio/") === true) return "only packages/temporal knows Temporal";
  if (
    (to === "in-process" || to === "@omniforge/temporal") &&
    !composers.some((place) => path.startsWith(place))
  )
    return "only index.ts, create-omniforge.ts and cli/ name a concrete backend";
  return undefined;
}

function reasonInTemporal(path: string, found: Import): string | undefined {
  const target = resolve(path, found.from);
  if (target !== undefined && !target.startsWith(temporal))
    return "it knows omniforge by its entry points only";
  if (!path.startsWith(`${temporal}sandbox/`)) return keepers[found.from] && "only omniforge knows it";
  if (target?.startsWith(`${temporal}sandbox/`) === true || sandbox.values.includes(found.from))
    return undefined;
  if (sandbox.types.includes(found.from))
    return found.typeOnly ? undefined : "the sandbox imports its types only";
  return "the sandbox may not know it";
}

function resolve(path: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
}

/** The folder of packages/omniforge/src that a file belongs to; empty for the files beside the folders. */
function folderOf(path: string): string {
  const parts = path.slice(core.length).split("/");
  return parts.length > 1 ? (parts[0] ?? "") : "";
}
