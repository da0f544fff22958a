/**
 * What a tool returned as the parts of its result: what is small stands in the log, what is large lies beside it.
 *
 * Owns: which values are results at all, and how much of one the log holds. Looking at a value may fail, for it is
 * somebody else's object: that is the tool's failure. Keeping it may fail too: that is the store's, and no outcome.
 */
import { z } from "zod";
import { OmniForgeError } from "../protocol/error.ts";
import { json, repairText } from "../protocol/json.ts";
import { part as partShape, type Part } from "../protocol/message.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { BlobStore } from "../store/blob-store.ts";
import type { ToolOutput } from "../tools/tool.ts";
import { keepFile } from "./files.ts";

/** Results above this many characters go to a blob; the log keeps the start of them. */
const inlineCharacters = 32_768;
/** All parts of one result together; what comes after goes to blobs, however small. */
const inlineTogether = 262_144;
const previewCharacters = 4_096;
/** What is kept at all. */
const maximumCharacters = 256 * 1024 * 1024;
const maximumParts = 1_000;

/** What a tool may put into a result: the rest is what only models say. */
const returned = new Set<string>(["text", "data", "file", "artifact", "reference"]);

/**
 * The parts, whole. Throws TOOL_FAILED for what is no result or too much of one, or whatever the value itself throws when it
 * is looked at.
 */
export function toParts(output: ToolOutput): readonly Part[] {
  const parts = read(output);
  if (parts.length > maximumParts)
    throw failed(
      `the tool returned ${parts.length} parts: at most ${maximumParts} are kept; join some of them`,
    );
  for (const part of parts) {
    const written = part.type === "text" ? part.text.length : JSON.stringify(part).length;
    const most = part.type === "artifact" ? inlineCharacters : maximumCharacters;
    if (written > most)
      throw failed(
        `the tool returned ${written} characters: at most ${most} are kept; write it to a file and return its name`,
      );
  }
  return parts;
}

function read(output: ToolOutput): readonly Part[] {
  if (typeof output === "string") return [{ type: "text", text: repairText(output) }];
  if (typeof output === "object" && output !== null && "parts" in output && Array.isArray(output.parts)) {
    const parts = partShape.array().safeParse(output.parts);
    if (parts.success && parts.data.every(({ type }) => returned.has(type))) return parts.data;
  }
  // A function or a symbol is written as nothing at all, whatever the types say.
  const written: string | undefined = JSON.stringify(output ?? null, refuseLoss);
  if (written === undefined) throw failed(`the tool returned a ${typeof output}, which is not JSON`);
  // It goes beside the log as it was written: what it holds need not be looked at again.
  if (written.length > inlineCharacters) return [{ type: "text", text: written }];
  const value = json.safeParse(JSON.parse(written));
  if (!value.success)
    throw failed(`the tool returned what is not JSON: ${z.prettifyError(value.error).slice(0, 1_000)}`);
  return [{ type: "data", value: value.data }];
}

/** The parts as the log holds them. Throws what the blob store throws. */
export async function keepParts(
  blobs: BlobStore,
  task: TaskReference,
  parts: readonly Part[],
): Promise<readonly Part[]> {
  const kept: Part[] = [];
  let left = inlineTogether;
  for (const part of parts) {
    const inline = await keepPart(blobs, task, part, Math.min(inlineCharacters, left));
    left = Math.max(0, left - sizeOf(inline));
    kept.push(inline);
  }
  return kept;
}

async function keepPart(blobs: BlobStore, task: TaskReference, part: Part, most: number): Promise<Part> {
  switch (part.type) {
    case "text":
      return part.text.length <= most ? part : beside(blobs, task, part.text);
    case "data": {
      const written = JSON.stringify(part.value);
      return written.length <= most ? part : beside(blobs, task, written);
    }
    case "file":
      return keepFile(blobs, task, part);
    default:
      return part;
  }
}

async function beside(blobs: BlobStore, task: TaskReference, text: string): Promise<Part> {
  const blob = await blobs.put(task, new TextEncoder().encode(text));
  const preview = `${repairText(text.slice(0, previewCharacters))}\n[… the first ${Math.min(previewCharacters, text.length)} of ${text.length} characters; the whole is kept as ${blob.hash}]`;
  return { type: "reference", preview, blob };
}

function sizeOf(part: Part): number {
  if (part.type === "text") return part.text.length;
  return part.type === "data" ? JSON.stringify(part.value).length : previewCharacters;
}

/** JSON would write these as null: a result that changes on its way is an error that the tool's author can see. */
function refuseLoss(name: string, value: unknown): unknown {
  // From somewhere's JSON: nobody means it, and it must not become a prototype.
  if (name === "__proto__") return undefined;
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw failed(`the tool returned ${value}${name === "" ? "" : ` as ${name}`}, which is not JSON`);
}

const failed = (message: string): OmniForgeError => new OmniForgeError("TOOL_FAILED", message);
