/**
 * What a command sees of this process's environment.
 *
 * Invariants: variables pass by name, never by exclusion, so that a secret with a new name stays here; no folder of the
 * workspace is searched for programs, because what lies there may have been written by the model.
 */
import { delimiter, isAbsolute, relative, sep } from "node:path";

const passed = ["HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ"];
const passedPrefix = "LC_";

/** Nobody sits before the command: pagers, editors and questions would wait for ever. */
const fixed: Readonly<Record<string, string>> = {
  TERM: "dumb",
  NO_COLOR: "1",
  PAGER: "cat",
  GIT_PAGER: "cat",
  MANPAGER: "cat",
  EDITOR: "false",
  VISUAL: "false",
  GIT_EDITOR: "false",
  GIT_TERMINAL_PROMPT: "0",
  // A repository's own configuration could name a program to run here.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "core.fsmonitor",
  GIT_CONFIG_VALUE_0: "false",
};

const usualPath = "/usr/local/bin:/usr/bin:/bin";

/** The environment of a command. `more` is what the owner of the tool passes on purpose. */
export function environmentFor(
  workspace: string,
  more: Readonly<Record<string, string>> = {},
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const environment: Record<string, string> = { ...fixed, PATH: searchPath(own["PATH"] ?? "", workspace) };
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && (passed.includes(name) || name.startsWith(passedPrefix)))
      environment[name] = value;
  return { ...environment, ...more };
}

function searchPath(path: string, workspace: string): string {
  const outside = path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !isWithin(folder, workspace));
  return outside.length === 0 ? usualPath : outside.join(delimiter);
}

/** Whether a path is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!isAbsolute(way) && way.split(sep)[0] !== "..");
}
