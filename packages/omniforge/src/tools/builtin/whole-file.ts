/** Whole text files in memory, for the tools that change them. */
import { OmniForgeError } from "../../protocol/error.ts";
import { isBinary } from "./file-text.ts";
import type { Workspace } from "./workspace.ts";

/** The largest text that is written or changed. */
export const maximumTextBytes = 5_000_000;

/** A file's text, exactly. Throws TOOL_FAILED where it is large, binary or not UTF-8, which writing back would change. */
export async function readWhole(workspace: Workspace, path: string): Promise<string> {
  await using file = await workspace.openFile(path);
  const { size } = await file.stat();
  if (size > maximumTextBytes)
    throw new OmniForgeError(
      "TOOL_FAILED",
      `${path} has ${size} bytes; at most ${maximumTextBytes} can be changed`,
    );
  const bytes = await file.readFile();
  if (isBinary(bytes)) throw new OmniForgeError("TOOL_FAILED", `${path} is a binary file`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OmniForgeError("TOOL_FAILED", `${path} is not UTF-8 text`, { cause });
  }
}

/**
 * Changes a text file, and answers what the change says it did.
 *
 * Where somebody else changed the file meanwhile (calls of one reply run side by side), the change is made anew from what
 * is there now.
 */
export async function changeWhole<Change extends { readonly text: string }>(
  workspace: Workspace,
  path: string,
  change: (text: string) => Change,
  { signal, call }: { readonly signal: AbortSignal; readonly call: string },
): Promise<Change> {
  for (;;) {
    const before = await readWhole(workspace, path);
    const changed = change(before);
    signal.throwIfAborted();
    if (await workspace.replaceFile(path, changed.text, { call, instead: before })) return changed;
  }
}

/** What a preview says; where the call can't work, why: the person should know before approving it. */
export async function sayWhyNot(beginning: string, preview: () => Promise<string>): Promise<string> {
  try {
    return await preview();
  } catch (thrown) {
    if (OmniForgeError.is(thrown)) return `(${beginning}: ${thrown.message})`;
    throw thrown;
  }
}
