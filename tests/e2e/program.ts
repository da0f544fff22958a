/** The command line as a real process, run from its sources, seen only through its output and its exit. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { repository } from "../architecture/read-sources.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once the standard output contains this; rejects when the process ends first. */
  readonly says: (text: string) => Promise<void>;
}

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Where it is typed. Default the repository. */
  readonly folder?: string;
}

/** What a person's shell would hand over, and nothing of the process that runs the tests. */
function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME, OMNIFORGE_DEMO_PACE: "0", ...more };
}

const scriptOf = (file: "start" | "main"): string =>
  join(repository, `packages/omniforge/src/cli/${file}.ts`);

/** Starts `npm start` (`start`) or the command line (`main`), without npm and without a terminal. */
export function program(
  file: "start" | "main",
  words: readonly string[],
  options: ProgramOptions = {},
): Program {
  return observe(
    spawn(process.execPath, ["--conditions=omniforge:source", scriptOf(file), ...words], {
      cwd: options.folder ?? repository,
      env: environment(options.environment),
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    }),
    options.input,
  );
}

/** Starts one on a terminal of 80 columns; what is written to its input is typed there. Needs `script`. */
export function onTerminal(
  words: readonly string[],
  options: ProgramOptions = {},
  file: "start" | "main" = "start",
): Program {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const line = `stty cols 80 rows 24; exec '${process.execPath}' --conditions=omniforge:source '${scriptOf(file)}' ${quoted}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd: options.folder ?? repository,
    env: environment({ TERM: "xterm-256color", SHELL: "/bin/sh", ...options.environment }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  return observe(child);
}

/** As it stands on the screen: colours gone, and lines that were cleared gone with them. */
export function screen(output: string): string {
  const lines = output.replaceAll("\r\n", "\n").split("\n");
  return stripVTControlCharacters(lines.map((line) => line.split("\r\u001b[2K").at(-1) ?? "").join("\n"));
}

/** Why there is no terminal to test on; undefined where there is one. */
export function noTerminal(): string | undefined {
  const tried = spawnSync("script", ["-qefc", "exit 7", "/dev/null"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  return tried.status === 7 ? undefined : "the program `script` of util-linux is not here";
}

/** Runs a line that was printed for people, exactly as it stands. */
export function typed(line: string, options: ProgramOptions = {}): Promise<Ended> {
  const child = spawn("sh", ["-c", line], {
    cwd: options.folder ?? repository,
    env: environment(options.environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  return observe(child).ended;
}

/** Runs the command line to its end. */
export function omniforge(...words: readonly string[]): Promise<Ended> {
  return program("main", words).ended;
}

function observe(child: ChildProcess, input?: string): Program {
  let [stdout, stderr] = ["", ""];
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (input !== undefined) child.stdin?.end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!stdout.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        ended.then(() => reject(new Error(`it ended without saying ${text}:\n${stdout}${stderr}`)), reject);
      }),
  };
}

export interface Place {
  readonly workspace: string;
  /** `--data` and its folder. */
  readonly data: readonly [string, string];
  readonly path: (file: string) => string;
  readonly remove: () => Promise<void>;
}

const marker = ["TO", "DO"].join("");

/** A folder of its own with files to work on: three in all, two with open work. */
export async function place(files: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "omniforge-e2e-"));
  const workspace = join(folder, "project");
  const all = {
    "src/many.ts": `// ${marker} one\n// ${marker} two\nexport {};\n`,
    "src/few.ts": `// ${marker} three\n`,
    "README.md": "Nothing to do here.\n",
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(join(workspace, dirname(path)), { recursive: true });
    await writeFile(join(workspace, path), text);
  }
  return {
    workspace,
    data: ["--data", join(folder, "data")],
    path: (file) => join(workspace, file),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The demo's request. */
export const request = `Find every ${marker} here and tell me which file has most`;

/** What the report says in the end, whatever happened on the way. */
export const reportTable = "| File | Lines |\n| --- | ---: |\n| `src/many.ts` | 2 |\n| `src/few.ts` | 1 |\n";

/** The lines that were printed to be typed: those that begin with the Node that runs this. */
export function printedCommands(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith(process.execPath));
}
