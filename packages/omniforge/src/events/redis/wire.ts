/** What goes through Redis, and reading it: whatever is of another shape is another release's, and no reason to fail. */
import { z } from "zod";

/** A piece of a step's stream: what its attempt says, or, without a text, that it begins. */
export const piece = z.object({
  /** The process that wrote it. */
  from: z.string(),
  attempt: z.string(),
  said: z
    .object({
      channel: z.enum(["text", "reasoning", "progress"]),
      offset: z.int().nonnegative(),
      text: z.string(),
    })
    .optional(),
});
export type Piece = z.infer<typeof piece>;

/** What a task's followers are told. */
export const hint = z.object({
  from: z.string(),
  /** Steps whose streams have grown. */
  said: z.array(z.string()),
  /** How long the log is, where it has grown, and the steps of which its new entries tell. */
  headSeq: z.int().nonnegative().optional(),
  steps: z.array(z.string()),
});
export type Hint = z.infer<typeof hint>;

/** Undefined for what is no JSON of this shape. */
export function read<Value>(shape: z.ZodType<Value>, text: string): Value | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
