/**
 * What SQLite and the file system refuse, in words that say where, why and what to do next.
 *
 * Owns: telling damage (STORE_CORRUPT) from a disk or a right that is missing (STORE_FAILED).
 */
import { OmniForgeError } from "../../protocol/error.ts";

/** SQLite's primary codes. */
const damaged = new Set([11, 26]);
const forbidden = new Set([3, 8, 14]);
const forbiddenToFiles = new Set(["EROFS", "EACCES", "EPERM"]);

/** OmniForge's own errors, and what is no Error at all, stay what they are. `doing`: "can't be opened", say. */
export function storeFailure(error: unknown, path: string, doing: string): unknown {
  if (OmniForgeError.is(error) || !(error instanceof Error)) return error;
  const code = "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (damaged.has(code))
    return new OmniForgeError(
      "STORE_CORRUPT",
      `the database ${path} is damaged (${error.message}): stop what uses it, keep a copy of it and of the files beside it, and restore the last backup in its place`,
      { cause: error },
    );
  const isForbidden = forbidden.has(code) || ("code" in error && forbiddenToFiles.has(String(error.code)));
  const what = isForbidden
    ? "; give this user the right to write in its folder, or name another data directory"
    : "";
  return new OmniForgeError("STORE_FAILED", `the database ${path} ${doing}: ${error.message}${what}`, {
    cause: error,
  });
}

/** Performs it; throws what it throws as a store's failure. */
export function telling<Value>(path: string, doing: string, perform: () => Value): Value {
  try {
    return perform();
  } catch (error) {
    throw storeFailure(error, path, doing);
  }
}
