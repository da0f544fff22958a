/**
 * What a path that a model writes may look like, before the file system is asked anything.
 *
 * Owns: the accepted form, which is names separated by `/`, relative to the workspace. Does not own: where links lead
 * (`workspace.ts`).
 *
 * Invariants
 * 1. An accepted path has no name `..`, so joining it to a folder never leaves that folder by spelling.
 * 2. Nothing is decoded or normalised: `%2e%2e` and look-alike dots are ordinary names.
 * 3. What another platform would read as absolute or as a separator is refused on every platform.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { repairText } from "../../protocol/json.ts";

/** Folders that hold other people's data or run code: no part of the workspace, whatever the file system's case rule. */
const closed = new Set([".git", "git~1", ".omniforge", "omnifo~1"]);

/** The path's names, none of them `.`, `..` or empty; none at all for the workspace itself. Throws PATH_OUTSIDE. */
export function namesOf(path: string): string[] {
  const refusal = refusalOf(path);
  if (refusal !== undefined)
    throw new OmniForgeError("PATH_OUTSIDE", `${shown(path)} is refused: ${refusal}`);
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  const denied = closedName(names);
  if (denied !== undefined) {
    throw new OmniForgeError(
      "PATH_OUTSIDE",
      `${shown(path)} is refused: ${denied} is no part of the workspace`,
    );
  }
  return names;
}

/** The first name that no tool may touch. */
export function closedName(names: readonly string[]): string | undefined {
  // Windows drops trailing dots and spaces, and some file systems ignore case.
  return names.find((name) => closed.has(name.toLowerCase().replace(/[. ]+$/, "")));
}

function refusalOf(path: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(path)) return "it contains a control character";
  if (repairText(path) !== path) return "it is not well-formed text";
  if (path.length > 4096) return "it is longer than 4096 characters";
  if (path.includes("\\")) return "write / between names, not a backslash";
  if (path.startsWith("/")) return "write it relative to the workspace, without a leading /";
  if (/^[a-z]:/i.test(path) || /^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    return "write it relative to the workspace";
  if (path.split("/").includes("..")) return "it contains the name ..";
  return undefined;
}

/** A hostile path made safe to show: short, and on one line. */
function shown(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
}
