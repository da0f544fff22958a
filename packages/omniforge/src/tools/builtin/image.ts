/** Files as images: which formats models see, told by their first bytes and never by their names. */
import type { FileHandle } from "node:fs/promises";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Part } from "../../protocol/message.ts";

/** What providers take of one image. */
const maximumBytes = 5_000_000;

/** The formats that OpenAI, Anthropic and Google all see, and how their files begin. */
const beginnings: readonly (readonly [mediaType: string, beginning: string])[] = [
  ["image/png", "\x89PNG\r\n\x1A\n"],
  ["image/jpeg", "\xFF\xD8\xFF"],
  ["image/gif", "GIF8"],
];

/** The media type of an image; undefined for any other file. */
export async function imageType(file: FileHandle): Promise<string | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(12), 0, 12, 0);
  const beginning = buffer.subarray(0, bytesRead).toString("latin1");
  if (beginning.startsWith("RIFF") && beginning.endsWith("WEBP")) return "image/webp";
  return beginnings.find(([, begins]) => beginning.startsWith(begins))?.[0];
}

/** An image as what a tool returns. Throws TOOL_FAILED when it is too large for any model. */
export async function imageParts(
  file: FileHandle,
  path: string,
  mediaType: string,
): Promise<{ readonly parts: readonly Part[] }> {
  const { size } = await file.stat();
  if (size > maximumBytes)
    throw new OmniForgeError("TOOL_FAILED", `${path} has ${size} bytes; images may have ${maximumBytes}`);
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  const data = bytes.subarray(0, bytesRead).toString("base64");
  return {
    parts: [
      { type: "text", text: `${path}: ${mediaType}, ${bytesRead} bytes` },
      { type: "file", mediaType, name: path, data },
    ],
  };
}
