/**
 * What an A2A client says, as our parts. Addresses are not fetched, and types that no model reads are refused, before
 * anything is stored.
 */
import type { Json } from "../../protocol/json.ts";
import type { Message, Part } from "../../protocol/message.ts";
import { ContentTypeNotSupportedError, type Message as A2AMessage, type Part as A2APart } from "./sdk.ts";

/** What agents take, as their cards say. */
export const inputModes: readonly string[] = [
  "text/plain",
  "text/markdown",
  "text/csv",
  "text/html",
  "application/json",
  "application/pdf",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
];

/** The message as a task holds it. Throws ContentTypeNotSupportedError. */
export function toOurMessage({ parts }: A2AMessage): Message {
  return { v: 1, role: "user", parts: parts.map(toOurPart) };
}

function toOurPart({ content, mediaType, filename }: A2APart): Part {
  switch (content?.$case) {
    case "text":
      if (mediaType !== "" && !isTextual(mediaType)) throw notSupported(mediaType);
      return { type: "text", text: content.value };
    case "data":
      if (mediaType !== "" && bare(mediaType) !== "application/json") throw notSupported(mediaType);
      // The codec's types know no JSON; `params.ts` has checked that it is.
      return { type: "data", value: content.value as Json };
    case "raw":
      if (!inputModes.includes(bare(mediaType)))
        throw notSupported(mediaType === "" ? "raw bytes" : mediaType);
      return {
        type: "file",
        mediaType: bare(mediaType),
        data: content.value.toString("base64"),
        ...(filename !== "" && { name: filename }),
      };
    case "url":
      throw new ContentTypeNotSupportedError(
        "files behind an address are not fetched: send their bytes in `raw`",
      );
    case undefined:
      throw new ContentTypeNotSupportedError("a part without content says nothing");
  }
}

const bare = (mediaType: string): string => (mediaType.split(";", 1)[0] ?? "").trim().toLowerCase();

function isTextual(mediaType: string): boolean {
  return bare(mediaType).startsWith("text/") || bare(mediaType) === "application/json";
}

function notSupported(mediaType: string): ContentTypeNotSupportedError {
  return new ContentTypeNotSupportedError(
    `${mediaType} is not supported; send one of ${inputModes.join(", ")}`,
  );
}
