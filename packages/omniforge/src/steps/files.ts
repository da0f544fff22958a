/**
 * Files of messages and results: the bytes of large ones lie beside the log, and come back for a model that is to see them.
 *
 * Invariants: bytes are durable before the entry that names them; a message that is said again has the same parts; the
 * same transcript item becomes the same item with its bytes, so that a prompt that only grows is converted once.
 */
import type { Message, Part } from "../protocol/message.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import { hashOf, type BlobStore } from "../store/blob-store.ts";

type FilePart = Extract<Part, { type: "file" }>;

/** Files of more base64 than this go to a blob. */
const inlineCharacters = 32_768;

/** Moves a large file's bytes out of the part. May be repeated. */
export async function keepFile(blobs: BlobStore, task: TaskReference, part: FilePart): Promise<FilePart> {
  const { data, ...rest } = part;
  if (!isLarge(data)) return part;
  return { ...rest, blob: await blobs.put(task, Buffer.from(data, "base64")) };
}

/** The message with its large files kept beside the log. May be repeated. */
export async function keepFiles(blobs: BlobStore, task: TaskReference, message: Message): Promise<Message> {
  const keep = async (part: Part): Promise<Part> =>
    part.type === "file" ? keepFile(blobs, task, part) : part;
  return { ...message, parts: await Promise.all(message.parts.map(keep)) };
}

/** The message as `keepFiles` would return it, keeping nothing: to compare with one that was kept. */
export function nameFiles(message: Message): Message {
  const name = (part: Part): Part => {
    if (part.type !== "file") return part;
    const { data, ...rest } = part;
    if (!isLarge(data)) return part;
    const bytes = Buffer.from(data, "base64");
    return { ...rest, blob: { hash: hashOf(bytes), bytes: bytes.byteLength } };
  };
  return { ...message, parts: message.parts.map(name) };
}

function isLarge(data: string | undefined): data is string {
  return data !== undefined && data.length > inlineCharacters;
}

const broughtBack = new WeakMap<TranscriptItem, TranscriptItem>();

/** The items with the bytes of their files; a file whose bytes are gone stays without them. */
export async function withFiles(
  blobs: BlobStore,
  task: TaskReference,
  items: readonly TranscriptItem[],
): Promise<readonly TranscriptItem[]> {
  return Promise.all(items.map(async (item) => (hasKeptFile(item) ? bringBack(blobs, task, item) : item)));
}

/** A file whose bytes lie beside the log. */
export const isKeptFile = (part: Part): part is FilePart => part.type === "file" && part.blob !== undefined;

function hasKeptFile(item: TranscriptItem): boolean {
  return item.role === "user"
    ? item.message.parts.some(isKeptFile)
    : item.results.some(({ body }) => body.parts.some(isKeptFile));
}

async function bringBack(
  blobs: BlobStore,
  task: TaskReference,
  item: TranscriptItem,
): Promise<TranscriptItem> {
  const known = broughtBack.get(item);
  if (known !== undefined) return known;
  const load = (parts: readonly Part[]): Promise<Part[]> =>
    Promise.all(parts.map(async (part) => (isKeptFile(part) ? withBytes(blobs, task, part) : part)));
  const whole: TranscriptItem =
    item.role === "user"
      ? { ...item, message: { ...item.message, parts: await load(item.message.parts) } }
      : {
          ...item,
          results: await Promise.all(
            item.results.map(async (result) => ({
              ...result,
              body: { ...result.body, parts: await load(result.body.parts) },
            })),
          ),
        };
  broughtBack.set(item, whole);
  return whole;
}

async function withBytes(blobs: BlobStore, task: TaskReference, part: FilePart): Promise<FilePart> {
  if (part.blob === undefined) return part;
  const bytes = await blobs.get(task, part.blob);
  return bytes === undefined ? part : { ...part, data: Buffer.from(bytes).toString("base64") };
}
