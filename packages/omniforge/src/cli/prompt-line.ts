/**
 * One line from the person at the terminal.
 *
 * The terminal is ours only while a line is asked for: whoever is killed at any other time leaves it as it was.
 */
import { createInterface } from "node:readline/promises";
import type { Interrupts } from "./interrupts.ts";
import { visible } from "./view/visible.ts";

/** `left`: the person closed the input or pressed Ctrl-C; `settled`: the line is not needed any more. */
export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "left" }
  | { readonly kind: "settled" };

export interface LineOptions {
  readonly interrupts: Interrupts;
  /** Aborts when the line is not needed any more. */
  readonly settled: AbortSignal;
  /** Stands there already, to be changed. */
  readonly prefilled?: string;
  /** Lines that were typed before they were asked for, and where further ones go. None: such lines are dropped. */
  readonly ahead?: string[];
}

/** Asks for a line. */
export async function promptLine(prompt: string, options: LineOptions): Promise<Line> {
  const { interrupts, settled, prefilled, ahead } = options;
  const typed = ahead?.shift();
  if (typed !== undefined) {
    process.stdout.write(`${prompt}${typed}\n`);
    return { kind: "line", text: typed };
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new AbortController();
  lines.on("SIGINT", () => interrupts.interrupt());
  lines.on("close", () => closed.abort());
  const signal = AbortSignal.any([settled, interrupts.stop, closed.signal]);
  try {
    const answer = lines.question(prompt, { signal });
    // Whatever comes with it was typed before it was asked for.
    lines.on("line", (line) => void ahead?.push(visible(line)));
    if (prefilled !== undefined) lines.write(prefilled);
    return { kind: "line", text: visible(await answer) };
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    process.stdout.write("\n");
    return { kind: settled.aborted ? "settled" : "left" };
  } finally {
    lines.close();
  }
}
