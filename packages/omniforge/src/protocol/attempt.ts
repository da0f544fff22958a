/**
 * Attempts at one step, told apart and put in order, in whatever processes they run.
 *
 * An attempt's name is `number.nonce`. The number is how long the task's log was when the attempt began. Before another one
 * begins, the log has grown by what became of this one, so that a successor's number is greater; or this one has stopped in
 * good order and says nothing more.
 */
import type { Entry } from "./entry.ts";

export function nameAttempt(headSeq: number, nonce: string): string {
  return `${headSeq}.${nonce}`;
}

/** NaN, which is neither less nor more than anything, where a name has no number. */
export function attemptNumber(attempt: string): number {
  const [, number] = /^(\d+)\./.exec(attempt) ?? [];
  return Number(number);
}

/** Whether the one began before the other; false where it can't be told. */
export function isOlderAttempt(attempt: string, than: string): boolean {
  return attemptNumber(attempt) < attemptNumber(than);
}

/** The steps of which an entry says what became of them, or of an attempt at them. */
export function stepsIn(entry: Entry): readonly string[] {
  if (entry.kind === "attempt") return [entry.body.step];
  if (entry.kind === "recovery") return entry.body.steps;
  return entry.key === undefined ? [] : [entry.key];
}
