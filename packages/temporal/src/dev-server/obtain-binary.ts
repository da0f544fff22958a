/**
 * Where the `temporal` binary of a development server comes from: the PATH, else the cache, else the official release, else a
 * build from its Go module. What is brought once stays in the cache.
 *
 * The version is that of the Go module that ships with this package, whichever way it comes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, constants, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, OmniForgeError } from "omniforge/protocol";
import { downloadRelease } from "./download-release.ts";

export interface Surroundings {
  /** Environment of the process: PATH, OMNIFORGE_CACHE. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where releases lie. */
  readonly releases?: string;
  /** Hears what takes long. */
  readonly onNotice: (notice: string) => void;
}

const goModule = fileURLToPath(new URL("../../temporal-cli/", import.meta.url));
const command = "github.com/temporalio/cli/cmd/temporal";
const officialReleases = "https://github.com/temporalio/cli/releases/download";
const program = process.platform === "win32" ? "temporal.exe" : "temporal";

/** The binary's path. Throws ENGINE_MISSING, with all that was tried. */
export async function obtainBinary({
  environment = process.env,
  releases = officialReleases,
  onNotice,
}: Surroundings): Promise<string> {
  const { PATH: path = "", OMNIFORGE_CACHE: cache = join(homedir(), ".cache", "omniforge") } = environment;
  const kept = join(cache, "bin", program);
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  for (const file of [...folders.map((folder) => join(folder, program)), kept])
    if (await isExecutable(file)) return file;

  const version = await pinnedVersion();
  await mkdir(join(cache, "bin"), { recursive: true });
  const draft = join(cache, "bin", `temporal.${process.pid}`);
  const tried = [`none on the PATH, none at ${kept}`];
  try {
    for (const bring of [
      () => downloadRelease({ releases, version, target: draft, onNotice }),
      () => build(version, draft, environment, onNotice),
    ]) {
      try {
        await bring();
        await chmod(draft, 0o755);
        await rename(draft, kept);
        return kept;
      } catch (thrown) {
        tried.push(messageOf(thrown));
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
  const message =
    `there is no temporal binary (${tried.join("; ")}). Install it (https://docs.temporal.io/cli), or say where a ` +
    "server is (TEMPORAL_ADDRESS).";
  throw new OmniForgeError("ENGINE_MISSING", message);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function pinnedVersion(): Promise<string> {
  const text = await readFile(join(goModule, "go.mod"), "utf8");
  const [, version] = /^require github\.com\/temporalio\/cli v(\S+)$/m.exec(text) ?? [];
  if (version === undefined)
    throw new OmniForgeError("INTERNAL", "the Go module names no version of the CLI");
  return version;
}

async function build(
  version: string,
  target: string,
  environment: NonNullable<Surroundings["environment"]>,
  onNotice: (notice: string) => void,
): Promise<void> {
  onNotice(`Building temporal ${version} from its Go module, if Go is here; the first time takes minutes.`);
  const child = spawn("go", ["build", "-o", target, command], {
    cwd: goModule,
    env: { ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit").catch((thrown: unknown) => {
    throw new Error(`Go could not be run (${messageOf(thrown)})`);
  })) as [unknown];
  if (code !== 0) throw new Error(`the build from its Go module failed (${String(code)})`);
}
