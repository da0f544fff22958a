/**
 * The ledger: what was really executed, written outside of the store and synced line by line, so that a crash can neither
 * take back a line nor invent one. What is checked after a crash is this file, against the log.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const line = z.strictObject({
  /**
   * `start`: an execution of a tool or a model call began; `end`: it came back; `failed`: it ended by failing.
   * `effect`: a tool did something to the world. `accepted`: a person was told that this has been taken down.
   */
  phase: z.enum(["start", "end", "failed", "effect", "accepted"]),
  /** `task/step key`: the idempotency key that the execution was given. For `accepted`: `task/id`. */
  key: z.string(),
  /** Effects: what was done. Failures: whether it did not start. */
  what: z.string().optional(),
  /** Starts: the step's outcome was in the log already. */
  recorded: z.literal(true).optional(),
  /** Which process of the run it was, counted from 0. */
  process: z.number().int(),
});
export type LedgerLine = z.infer<typeof line>;

/** A failure that is no outcome: the call is free to be executed again. */
export const notStarted = "not started";

/** What tools write down of what they did. */
export interface EffectLedger {
  /** Writes an effect down, under the key that its call was given; durable when it returns. */
  effect(idempotencyKey: string, what: string): void;
  /** Whether any process has done this under this key: what a tool with effects `idempotent` looks for first. */
  hasEffect(idempotencyKey: string, what: string): boolean;
}

export interface Ledger extends EffectLedger {
  /** Durable when it returns. */
  write(phase: LedgerLine["phase"], key: string, more?: Pick<LedgerLine, "what" | "recorded">): void;
  /** How many executions of this key began, in all processes so far. */
  starts(key: string): number;
}

const pathIn = (directory: string): string => join(directory, "ledger.jsonl");

/** Opens the ledger of a directory for one process of a run. */
export function openLedger(directory: string, process: number): Ledger {
  const ledger: Ledger = {
    write(phase, key, more = {}) {
      const file = openSync(pathIn(directory), "a");
      writeSync(file, `${JSON.stringify({ phase, key, ...more, process })}\n`);
      fsyncSync(file);
      closeSync(file);
    },
    starts: (key) => readLedger(directory).filter((one) => one.phase === "start" && one.key === key).length,
    effect: (key, what) => ledger.write("effect", key, { what }),
    hasEffect: (key, what) =>
      readLedger(directory).some((one) => one.phase === "effect" && one.key === key && one.what === what),
  };
  return ledger;
}

/** Every line, in the order of writing. A line that its process died in was never finished: it is none. */
export function readLedger(directory: string): readonly LedgerLine[] {
  if (!existsSync(pathIn(directory))) return [];
  const lines = readFileSync(pathIn(directory), "utf8").split("\n").slice(0, -1);
  return lines.map((text) => line.parse(JSON.parse(text)));
}
