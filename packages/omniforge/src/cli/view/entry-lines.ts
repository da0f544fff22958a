/** Entries of a task's log, each as one line. */
import type { EntryBody, EntryOf } from "../../protocol/entry.ts";
import type { Json } from "../../protocol/json.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { Task } from "../../protocol/task.ts";
import { argumentsText, durationText, resultText, tokensText } from "./call-text.ts";
import type { Span } from "./screen.ts";
import { shortId } from "./short-id.ts";
import { cutTo, widthOf } from "./text-width.ts";

/** A task of the family that is shown: its agent, how far to the right, and the calls it made. */
export interface Actor {
  readonly agent: string;
  readonly indent: number;
  readonly calls: Map<string, { readonly name: string; readonly given: Json }>;
  /** Calls that run, and what they last said about it. */
  readonly running: Map<string, string>;
}

/** A call, its arguments and what came of it. */
export function callLine(
  actor: Actor,
  { key = "", body }: EntryOf<"result">,
  { reused, columns }: { readonly reused: boolean; readonly columns: number },
): Span[] {
  const good = body.status === "result";
  const call = actor.calls.get(key);
  const time = reused || body.durationMs === undefined ? "" : ` · ${durationText(body.durationMs)}`;
  const mark = reused && good ? reusedMark : markOf(good);
  const outcome = ` · ${resultText(body)}${time}`;
  // What came of it matters most; the arguments get what is left of the line.
  const room = columns - mark.text.length - body.name.length - 1 - Math.min(widthOf(outcome), columns / 2);
  const given =
    call === undefined ? "" : ` ${cutTo(argumentsText(call.given), Math.max(16, Math.floor(room)))}`;
  return [mark, body.name, { text: `${given}${outcome}`, style: "dim" }];
}

/** Before what was done by an earlier process. */
export const reusedMark = { text: "✓ reused ", style: "cyan" } as const;

function markOf(good: boolean): { readonly text: string; readonly style: "green" | "red" } {
  return { text: good ? "✓ " : "✗ ", style: good ? "green" : "red" };
}

/** What it took; `cost` is empty where it is not known. */
export function footer(task: Task, cost: string): string {
  const turns = `${task.turn} ${task.turn === 1 ? "turn" : "turns"}`;
  const parts = [turns, tokensText(task.usage), cost, `task ${shortId(task.task)}`];
  return parts.filter((part) => part !== "").join(" · ");
}

/** How a task ended, and why where it failed. */
export function endLine(state: string, why = ""): Span[] {
  const good = state === "completed";
  const text = `${good ? "✓" : "✗"} ${state}${why === "" ? "" : `: ${why}`}`;
  return [{ text, style: good ? "green" : "red" }];
}

/** What a person said, or that nobody did. */
export function inputLine({ outcome, answer }: EntryBody<"input">, reused: boolean): Span[] {
  const [good, text] = inputWords(outcome, answer);
  return [reused && good ? reusedMark : markOf(good), text];
}

function inputWords(outcome: string, answer: EntryBody<"input">["answer"]): [boolean, string] {
  if (outcome === "expired") return [false, "nobody answered in time"];
  if (answer === undefined) return [false, "withdrawn"];
  switch (answer.decision) {
    case "approve":
      return [
        true,
        answer.arguments === undefined ? "approved" : `approved, with ${argumentsText(answer.arguments)}`,
      ];
    case "reject":
      return [false, answer.reason === undefined ? "rejected" : `rejected: ${answer.reason}`];
    case "answer":
      return [true, `answered: ${argumentsText(answer.value)}`];
  }
}

/** A step as people know it. */
export function nameOf(actor: Actor, key: string): string {
  const { kind } = parseStepKey(key);
  if (kind === "model") return "a model call";
  return actor.calls.get(key)?.name ?? (kind === "compact" ? "putting the conversation in short" : kind);
}

/** What happened when a process died. */
export function recoveryText(actor: Actor, steps: readonly string[]): string {
  const names = [...new Set(steps.map((key) => nameOf(actor, key)))];
  const what = names.length === 0 ? "" : ` during ${names.join(", ")}`;
  return `the process that ran this was killed${what}; it goes on here`;
}
