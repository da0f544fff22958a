/** Our parts as A2A's, whole: what lies beside the log is brought back. Reasoning and tool calls are nobody's business. */
import { getMimeType } from "hono/utils/mime";
import type { Part } from "../../protocol/message.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { Part as A2APart } from "./sdk.ts";
import type { Window } from "./window.ts";

type Shelf = Pick<Window, "blobs" | "masked">;

const plain = { metadata: undefined, filename: "", mediaType: "" };

export function textPart(text: string): A2APart {
  return { ...plain, content: { $case: "text", value: text }, mediaType: "text/plain" };
}

export function dataPart(value: unknown): A2APart {
  return { ...plain, content: { $case: "data", value }, mediaType: "application/json" };
}

function filePart(bytes: Uint8Array, mediaType: string, filename: string): A2APart {
  return { ...plain, content: { $case: "raw", value: Buffer.from(bytes) }, mediaType, filename };
}

/** What is JSON by its name is data, as long as it is; anything else a file. */
function artifactPart(bytes: Uint8Array, name: string): A2APart {
  const mediaType = (getMimeType(name) ?? "application/octet-stream").split(";", 1)[0] ?? "";
  const value = mediaType === "application/json" ? jsonIn(bytes) : undefined;
  return value === undefined ? filePart(bytes, mediaType, name) : { ...dataPart(value), filename: name };
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The parts that an A2A client may see. */
export async function toTheirParts(
  shelf: Shelf,
  task: TaskReference,
  parts: readonly Part[],
): Promise<A2APart[]> {
  const shown = await Promise.all(parts.map((part) => toTheirPart(shelf, task, part)));
  return shown.flatMap((part) => part ?? []);
}

async function toTheirPart(
  { blobs, masked }: Shelf,
  task: TaskReference,
  part: Part,
): Promise<A2APart | undefined> {
  switch (part.type) {
    case "text":
      return part.text === "" ? undefined : textPart(part.text);
    case "data":
      return dataPart(part.value);
    case "reference": {
      const whole = await blobs.get(task, part.blob);
      return textPart(whole === undefined ? part.preview : masked(new TextDecoder().decode(whole)));
    }
    case "file": {
      const { data, blob, mediaType, name = "" } = part;
      const bytes = data !== undefined ? Buffer.from(data, "base64") : blob && (await blobs.get(task, blob));
      return bytes && filePart(bytes, mediaType, name);
    }
    case "artifact": {
      const bytes = part.blob && (await blobs.get(task, part.blob));
      return bytes && artifactPart(bytes, part.name);
    }
    case "reasoning":
    case "tool-call":
      return undefined;
  }
}
