/** The transcript's items: what the model sees, in the order (epoch, turn, kind, index). */
import type { EntryOf } from "./entry.ts";
import type { Message, Part } from "./message.ts";

/** One message. A reply's results stand beside it by call index. */
export type TranscriptItem =
  | { readonly role: "user"; readonly message: Message }
  | {
      readonly role: "assistant";
      readonly turn: number;
      readonly model: string;
      readonly parts: readonly Part[];
      readonly results: readonly EntryOf<"result">[];
    };
