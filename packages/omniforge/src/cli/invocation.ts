/** How this command line was called, so that the commands it prints can be typed as they stand. */
import { homedir } from "node:os";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const fromSource = import.meta.url.endsWith(".ts");
const script = process.env["npm_lifecycle_event"];
const startedByNpm = script === "start" || script === "omniforge";

/** Words that a shell takes as they are. */
const harmless = /^[\w@%+=:,./-]+$/;

/** A command of this command line, ready to be pasted into a shell of this folder. */
export function commandLine(...words: readonly string[]): string {
  return [prefix(), ...words.map(quoted)].join(" ");
}

/** `npm start` again, with these words. */
export function startLine(...words: readonly string[]): string {
  const own = startedByNpm ? ["npm start", ...(words.length > 0 ? ["--"] : [])] : [sourceCommand("start.ts")];
  return [...own, ...words.map(quoted)].join(" ");
}

function prefix(): string {
  if (!fromSource) return process.env["npm_command"] === "exec" ? "npx omniforge" : "omniforge";
  return startedByNpm ? "npm run omniforge --" : sourceCommand("main.ts");
}

function sourceCommand(file: string): string {
  const path = relative(process.cwd(), resolve(main, "..", file));
  return `${quoted(process.execPath)} --conditions=omniforge:source ${quoted(path)}`;
}

function quoted(word: string): string {
  return harmless.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A path that a person typed: npm changes the working directory to the package's, and says where it was called. */
export function userPath(path: string): string {
  const called = startedByNpm ? process.env["INIT_CWD"] : undefined;
  return resolve(called ?? ".", path);
}

/** A path as a person would write it. */
export function shownPath(path: string): string {
  const home = homedir();
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}
