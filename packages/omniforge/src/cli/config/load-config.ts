/**
 * The config file of the folder that a command is typed in, or of the nearest folder above it.
 *
 * Owns: finding it, loading it by Node's own type stripping, and saying what is wrong with it. Loading it runs it, as every
 * tool does whose configuration is a program.
 */
import { existsSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { OmniForgeConfig } from "../../define-config.ts";
import { UsageError } from "../exit-code.ts";
import { shownPath, userPath } from "../invocation.ts";
import { checkConfig } from "./check-config.ts";
import { lineOfError, lineOfKey } from "./find-line.ts";

export const configNames = [
  "omniforge.config.ts",
  "omniforge.config.mts",
  "omniforge.config.js",
  "omniforge.config.mjs",
];

export interface LoadedConfig {
  /** None: there is no config file. */
  readonly file?: string;
  /** With paths made whole. */
  readonly config: OmniForgeConfig;
}

const loaded = new Map<string, Promise<LoadedConfig>>();

/** Loads it once for each folder. Throws UsageError that names file, line and key. */
export function loadConfig(folder = userPath(".")): Promise<LoadedConfig> {
  const known = loaded.get(folder) ?? load(findConfig(folder));
  loaded.set(folder, known);
  return known;
}

/** The nearest config file, from this folder upwards. */
export function findConfig(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = configNames.map((name) => join(at, name)).find((file) => existsSync(file));
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}

async function load(file: string | undefined): Promise<LoadedConfig> {
  if (file === undefined) return { config: {} };
  const checked = checkConfig(await exportOf(file));
  if ("wrong" in checked) {
    const text = readFileSync(file, "utf8");
    const lines = checked.wrong.map(
      ({ path, why }) => `${place(file, lineOfKey(text, path))}: ${keyText(path)}${why}`,
    );
    throw new UsageError(`the configuration is wrong\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
  const { dataDirectory = ".omniforge", workspace, ...rest } = checked.config;
  const here = (path: string): string => resolve(dirname(file), path);
  const folders = {
    dataDirectory: here(dataDirectory),
    ...(workspace !== undefined && { workspace: here(workspace) }),
  };
  return { file, config: { ...rest, ...folders } };
}

async function exportOf(file: string): Promise<unknown> {
  offerOwnPackages();
  const url = pathToFileURL(file).href;
  let config: unknown;
  try {
    const all: unknown = await import(url);
    // One that is made asynchronously is waited for: taken as it is, a promise is an object without a key.
    config = typeof all === "object" && all !== null && "default" in all ? await all.default : undefined;
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const line = lineOfError(error, url) ?? lineOfError(error, file);
    throw new UsageError(`${place(file, line)}: ${error.message}`);
  }
  if (config !== undefined) return config;
  throw new UsageError(`${place(file)}: it has no default export; write export default defineConfig({ … })`);
}

const ownPackages = /^(?:omniforge|zod)(?:\/|$)/;
let offered = false;

/**
 * A folder in which nothing is installed can be configured all the same: what its config file can't find of omniforge and
 * zod are those that run this command.
 */
function offerOwnPackages(): void {
  if (offered) return;
  offered = true;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (thrown) {
        if (!ownPackages.test(specifier)) throw thrown;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}

function place(file: string, line?: number): string {
  const name = dirname(file) === userPath(".") ? basename(file) : shownPath(file);
  return line === undefined ? name : `${name}:${line}`;
}

/** `agents[0].name: `; nothing where the whole is meant. */
function keyText(path: readonly (string | number)[]): string {
  const text = path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : index > 0 ? `.${step}` : step))
    .join("");
  return text === "" ? "" : `${text}: `;
}
