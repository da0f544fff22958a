/** The work that engine and floor do alike: N turns of one tool call each, a result of 1 KiB, and an answer. */

/** 1 KiB of words, another text each time, so that nothing is stored once for all. */
export function resultText(turn: number): string {
  const line = `line ${turn}: the quick brown fox jumps over the lazy dog and comes back again. `;
  return line.repeat(Math.ceil(1_024 / line.length)).slice(0, 1_024);
}

export type Durability = "power" | "process";

export interface Work {
  /** Where the database lies. */
  readonly directory: string;
  readonly durability: Durability;
  readonly turns: number;
}

/** What one run of the work cost. */
export interface Cost {
  /** Milliseconds of each turn, in order. */
  readonly turns: readonly number[];
  /** Of the database, once everything is in its one file. */
  readonly bytes: number;
  /** Bytes that went to disk meanwhile. */
  readonly written: number;
}
