/** Cursors: where a list goes on. Opaque to clients, and of no use but to go on. */
import { z } from "zod";
import { OmniForgeError } from "../protocol/error.ts";

const shape = z.tuple([z.int().nonnegative(), z.string().max(400)]);

export interface ListPosition {
  readonly createdAt: number;
  readonly task: string;
}

export function writeCursor({ createdAt, task }: ListPosition): string {
  return Buffer.from(JSON.stringify([createdAt, task])).toString("base64url");
}

/** Throws INVALID_INPUT for what was never a cursor. */
export function readCursor(text: string): ListPosition {
  try {
    const [createdAt, task] = shape.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return { createdAt, task };
  } catch (cause) {
    throw new OmniForgeError(
      "INVALID_INPUT",
      `${JSON.stringify(text.slice(0, 40))} is no cursor of this list`,
      {
        cause,
      },
    );
  }
}
