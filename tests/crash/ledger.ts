/**
 * The ledger: what was really executed, written outside of the store and synced line by line, so that a crash can neither
 * take back a line nor invent one. What is checked after a crash is this file, against the log.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const line = z.strictObject({
  /** `start`: an execution began; `end`: its effect is there; `failed`: it ended by failing, on purpose. */
  phase: z.enum(["start", "end", "failed"]),
  /** `task/step key`: the idempotency key that the execution was given. */
  key: z.string(),
  /** Which process it was, counted from 0. */
  process: z.number().int(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type LedgerLine = z.infer<typeof line>;

export interface Ledger {
  /** Durable when it returns. */
  write(phase: LedgerLine["phase"], key: string): void;
  /** How many executions of this key began, in all processes so far. */
  starts(key: string): number;
}

const pathIn = (directory: string): string => join(directory, "ledger.jsonl");

/** Opens the ledger of a directory for one process of the program. */
export function openLedger(directory: string, process: number): Ledger {
  return {
    write(phase, key) {
      const file = openSync(pathIn(directory), "a");
      writeSync(file, `${JSON.stringify({ phase, key, process, at: Date.now() })}\n`);
      fsyncSync(file);
      closeSync(file);
    },
    starts: (key) => readLedger(directory).filter((one) => one.phase === "start" && one.key === key).length,
  };
}

/** Every line, in the order of writing. */
export function readLedger(directory: string): readonly LedgerLine[] {
  if (!existsSync(pathIn(directory))) return [];
  const lines = readFileSync(pathIn(directory), "utf8").split("\n");
  return lines.filter((text) => text !== "").map((text) => line.parse(JSON.parse(text)));
}
