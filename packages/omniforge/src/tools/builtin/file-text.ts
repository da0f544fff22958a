/**
 * Files as text: what is text at all, and its lines.
 *
 * Invariants: bytes that are not UTF-8 become U+FFFD; a file of any size is read in bounded memory, long lines cut.
 */
import type { FileHandle } from "node:fs/promises";
import { OmniForgeError } from "../../protocol/error.ts";
import { repairText } from "../../protocol/json.ts";

const chunkBytes = 65_536;
const sniffedBytes = 8192;

/** What follows a line that was cut. */
const cutMark = "… (line cut)";

/** Whether the beginning of a file has a NUL byte: git's rule. */
export function isBinary(beginning: Uint8Array): boolean {
  return beginning.subarray(0, sniffedBytes).includes(0);
}

/** The text, at most so many UTF-16 units of it, never half a surrogate pair. */
export function cutText(text: string, units: number, mark = cutMark): string {
  return text.length <= units ? text : repairText(text.slice(0, units)).replace(/\uFFFD$/, "") + mark;
}

/** Yields the lines without their ends. Throws TOOL_FAILED for a binary file, the signal's reason when aborted. */
export async function* linesOf(
  file: FileHandle,
  path: string,
  maximumUnits: number,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(chunkBytes);
  let [position, rest] = [0, ""];
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    const bytes = buffer.subarray(0, bytesRead);
    if (position === 0 && isBinary(bytes))
      throw new OmniForgeError("TOOL_FAILED", `${path} is a binary file, which can't be shown as text`);
    position += bytesRead;
    const lines = (rest + decoder.decode(bytes, { stream: bytesRead > 0 })).split("\n");
    // One more than is shown, so that a longer line is still known to be longer.
    rest = (lines.pop() ?? "").slice(0, maximumUnits + 1);
    for (const line of lines) yield cutText(line.replace(/\r$/, ""), maximumUnits);
    if (bytesRead === 0) break;
  }
  if (rest !== "") yield cutText(rest, maximumUnits);
}

/** `1 line`, `2 lines`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
