/** What the person says next in a conversation: typed at the terminal, or read from a pipe line by line. */
import { createInterface } from "node:readline";
import type { Interrupts } from "./interrupts.ts";
import { promptLine } from "./prompt-line.ts";

/** `end`: they want the conversation to end; `left`: they go away, and it waits; `settled`: it has gone on without them. */
export type Heard =
  /** `typed`: it stands on the terminal already. */
  | { readonly kind: "said"; readonly text: string; readonly typed: boolean }
  | { readonly kind: "end" | "left" | "settled" };

/** Waits for the next thing that is said. The signal aborts when the conversation goes on without it. */
export type Hear = (settled: AbortSignal) => Promise<Heard>;

/** At the terminal. What is typed while the agent works is taken in turn. */
export function hearTyped(interrupts: Interrupts): Hear {
  const ahead: string[] = [];
  return async (settled) => {
    for (;;) {
      const line = await promptLine("\n» ", { interrupts, settled, ahead });
      if (line.kind !== "line") return line;
      const heard = toHeard(line.text, true);
      if (heard !== undefined) return heard;
    }
  };
}

/** From a pipe: each line is a message, and its end leaves the conversation waiting. */
export function hearLines(input: NodeJS.ReadableStream): Hear {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) return { kind: "left" };
      const heard = toHeard(next.value, false);
      if (heard !== undefined) return heard;
    }
  };
}

/** Undefined for a line that says nothing. */
function toHeard(line: string, typed: boolean): Heard | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  if (text === "/exit" || text === "/quit") return { kind: "left" };
  return text === "/end" ? { kind: "end" } : { kind: "said", text, typed };
}
