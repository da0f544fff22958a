/** Folders that a person types. */
import { statSync } from "node:fs";
import { UsageError } from "./exit-code.ts";
import { userPath } from "./invocation.ts";

/** The folder that was typed. Throws UsageError where it is none. */
export function folder(typed: string): string {
  const path = userPath(typed);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new UsageError(`${typed} is not a folder (${path})`);
}
