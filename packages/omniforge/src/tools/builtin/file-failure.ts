/** What the system says about a file, in words that a model can act on and that name no path outside the workspace. */
import { OmniForgeError } from "../../protocol/error.ts";

const sayings: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "goes through a file as if it were a folder",
  EISDIR: "is a folder",
  EACCES: "may not be accessed: permission denied",
  EPERM: "may not be accessed: permission denied",
  ELOOP: "goes in a circle of links",
  ENAMETOOLONG: "has a name that is too long",
  ENOSPC: "was not written: the disk is full",
  EROFS: "was not written: the disk is read-only",
  EMFILE: "could not be opened: too many files are open",
  // A named pipe or socket without its other end.
  ENXIO: "is not a regular file",
};

/** The system's code of what was thrown, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

/** TOOL_FAILED for what the system threw; an error of ours as it is. */
export function describeFailure(thrown: unknown, path: string): OmniForgeError {
  if (OmniForgeError.is(thrown)) return thrown;
  const code = codeOf(thrown) ?? "unknown";
  return new OmniForgeError("TOOL_FAILED", `${path} ${sayings[code] ?? `could not be used (${code})`}`, {
    cause: thrown,
  });
}
