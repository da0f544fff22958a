/**
 * The current turn as its entries tell it: which calls are open, what was claimed, asked and answered.
 *
 * Pure reading. K1: everything about the current turn stands after the entry that opened it.
 */
import type { Call } from "../protocol/call.ts";
import { isKind, type Entry, type EntryOf } from "../protocol/entry.ts";
import { siblingKey, stepKey, type StepKey } from "../protocol/step-key.ts";
import type { TaskRow, TurnRead } from "../store/task-store.ts";

export interface TurnView extends TurnRead {
  /** The reply that opened the turn; none before the first. */
  readonly reply: EntryOf<"reply"> | undefined;
}

export function viewTurn(read: TurnRead): TurnView {
  const [first] = read.entries;
  return { ...read, reply: first?.kind === "reply" ? first : undefined };
}

export function outcomeOf(view: Pick<TurnView, "entries">, key: StepKey): Entry | undefined {
  return view.entries.find((entry) => entry.key === key);
}

/** The turn's calls that have no outcome yet. */
export function openCalls(view: TurnView): readonly Call[] {
  return (view.reply?.body.calls ?? []).filter(
    (call) => outcomeOf(view, call.key) === undefined && !isAnswered(view, call),
  );
}

/** A limit's request has no result: its answer is its outcome. */
function isAnswered(view: TurnView, call: Call): boolean {
  return call.runs === "limit" && inputTo(view, call.key) !== undefined;
}

/** Recorded failures of a step, oldest first. */
export function failuresOf(view: TurnView, key: StepKey): readonly EntryOf<"attempt">[] {
  return view.entries.filter(isKind("attempt")).filter((entry) => entry.body.step === key);
}

/** How often its process died while this step was in flight. */
export function deathsOf(view: TurnView, key: StepKey): number {
  return view.entries.filter(isKind("recovery")).filter((entry) => entry.body.steps.includes(key)).length;
}

export function requestsOf(view: TurnView, key: StepKey): readonly EntryOf<"request">[] {
  return view.entries.filter(isKind("request")).filter((entry) => entry.body.key === key);
}

/** Whether this asks what became of a `once` call that was started and whose outcome is lost (K3). */
export function asksOutcome(request: EntryOf<"request">): boolean {
  return request.body.id.endsWith(".unknown");
}

export function inputTo(view: TurnView, request: string): EntryOf<"input"> | undefined {
  return view.entries.filter(isKind("input")).find((entry) => entry.body.id === request);
}

/** The last claim of a `once` call, and under which ordinal the next would stand (K3). */
export function claimOf(
  view: TurnView,
  key: StepKey,
): { readonly held: boolean; readonly nonce?: string; readonly next: StepKey } {
  const claims = view.entries.filter(isKind("claim")).filter((entry) => isSibling(entry.key, key, "claim"));
  const releases = view.entries
    .filter(isKind("release"))
    .filter((entry) => isSibling(entry.key, key, "release"));
  const last = claims.at(-1);
  const held = last !== undefined && !releases.some((release) => release.body.nonce === last.body.nonce);
  return { held, next: siblingKey(key, "claim", claims.length), ...(last && { nonce: last.body.nonce }) };
}

function isSibling(found: StepKey | undefined, key: StepKey, kind: "claim" | "release"): boolean {
  const base = siblingKey(key, kind);
  return found !== undefined && (found === base || found.startsWith(`${base}.`));
}

/** The steps that an executor of this task may have been performing: what a death is counted on (rule 8). */
export function stepsInFlight(view: TurnView): readonly StepKey[] {
  const running = openCalls(view).filter(
    (call) =>
      call.waits === undefined || requestsOf(view, call.key).every((one) => inputTo(view, one.body.id)),
  );
  if (running.length > 0) return running.map((call) => call.key);
  if (openCalls(view).length > 0) return [];
  if (
    view.reply?.body.outcome === "context-full" &&
    outcomeOf(view, stepKey(view.row.turn, "compact", 0)) === undefined
  ) {
    return [stepKey(view.row.turn, "compact", 0)];
  }
  return [stepKey(view.row.turn + 1, "model", 0)];
}

/** Wall time that counts, in milliseconds: since the start, less waiting for people. */
export function activeTime(row: TaskRow, now: number): number {
  return row.activeMs + (row.activeSince === null ? 0 : Math.max(0, now - row.activeSince));
}
