/** Whether a message says what another one said: the same again is the same message, anything else is a mistake. */
import { isDeepStrictEqual } from "node:util";
import type { Message, Part } from "../../protocol/message.ts";
import { hashOf } from "../../store/blob-store.ts";
import { withoutRecall } from "./outline.ts";

export function isSameMessage(stored: Message, sent: Message): boolean {
  return isDeepStrictEqual(withoutRecall(stored).parts.map(essence), sent.parts.map(essence));
}

/** Large files lie beside the log, by their hash. */
function essence(part: Part): unknown {
  if (part.type !== "file") return part;
  const { mediaType, name, data, blob } = part;
  return { mediaType, name, hash: blob?.hash ?? hashOf(Buffer.from(data ?? "", "base64")) };
}
