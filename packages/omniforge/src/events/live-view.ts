/**
 * What one follower has been told of running text: it never gets a torn piece, and nothing that a recorded message has
 * superseded.
 */
import { attemptNumber, isOlderAttempt, stepsIn } from "../protocol/attempt.ts";
import type { Entry } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import { parseStepKey } from "../protocol/step-key.ts";
import type { Channel, Delta, LiveStep, Reset } from "./live-text.ts";

export type LiveEvent = Delta | Reset;

interface Told {
  readonly attempt: string;
  readonly lengths: Map<Channel, number>;
}

interface Progress {
  /** The turn of the last reply, and what has been recorded since: their text is void. */
  turn: number;
  readonly recorded: Set<string>;
  /** By step, the entry that says what became of an attempt: whatever began before it is void, whoever still says it. */
  readonly over: Map<string, number>;
  readonly told: Map<string, Told>;
}

export class LiveView {
  readonly #tasks = new Map<string, Progress>();

  /** An entry supersedes what its step has streamed. */
  supersede(task: string, entry: Entry): void {
    const keys = stepsIn(entry);
    if (keys.length === 0 && entry.kind !== "ended") return;
    const progress = this.#of(task);
    if (entry.kind === "reply") {
      progress.turn = entry.body.turn;
      progress.recorded.clear();
      progress.over.clear();
    }
    if (entry.kind === "ended") progress.turn = Infinity;
    for (const key of keys) {
      progress.told.delete(key);
      if (isOutcome(entry)) progress.recorded.add(key);
      else progress.over.set(key, entry.seq);
    }
  }

  /** The step's text is told from its beginning again, the next time that it is told. */
  forget(task: string, key: string): void {
    this.#of(task).told.delete(key);
  }

  /** The event, where it follows on what has been told; otherwise what is missing, from the text as it stands. */
  next(event: LiveEvent, live: (task: string) => readonly LiveStep[]): readonly LiveEvent[] {
    const { task, key, attempt } = event;
    const progress = this.#of(task);
    if (isVoid(progress, event)) return [];
    const told = progress.told.get(key);
    if (event.type === "reset") {
      if (told !== undefined && (told.attempt === attempt || isOlderAttempt(attempt, told.attempt)))
        return [];
      progress.told.set(key, { attempt, lengths: new Map() });
      return [event];
    }
    const length = told?.attempt === attempt ? (told.lengths.get(event.channel) ?? 0) : undefined;
    if (length === event.offset) {
      told?.lengths.set(event.channel, length + event.text.length);
      return [event];
    }
    return this.resync(
      task,
      live(task).filter((step) => step.key === key),
    );
  }

  /** What is to be told of the text as it stands now. */
  resync(task: string, steps: readonly LiveStep[]): readonly LiveEvent[] {
    if (steps.length === 0) return [];
    const progress = this.#of(task);
    return steps.filter((step) => !isVoid(progress, step)).flatMap((step) => tellStep(task, progress, step));
  }

  #of(task: string): Progress {
    let progress = this.#tasks.get(task);
    if (progress === undefined) {
      progress = { turn: 0, recorded: new Set(), over: new Map(), told: new Map() };
      this.#tasks.set(task, progress);
    }
    return progress;
  }
}

function tellStep(task: string, { told }: Progress, { key, attempt, channels }: LiveStep): LiveEvent[] {
  const events: LiveEvent[] = [];
  let step = told.get(key);
  if (step !== undefined && isOlderAttempt(attempt, step.attempt)) return events;
  if (step?.attempt !== attempt) {
    step = { attempt, lengths: new Map() };
    told.set(key, step);
    events.push({ type: "reset", task, key, attempt });
  }
  for (const [channel, text] of channels) {
    const offset = step.lengths.get(channel) ?? 0;
    if (text.length <= offset) continue;
    step.lengths.set(channel, text.length);
    events.push({ type: "delta", task, key, attempt, channel, offset, text: text.slice(offset) });
  }
  return events;
}

function isVoid(
  { turn, recorded, over }: Progress,
  { key, attempt }: Pick<LiveStep, "key" | "attempt">,
): boolean {
  return recorded.has(key) || parseStepKey(key).turn < turn || attemptNumber(attempt) < (over.get(key) ?? 0);
}

/** Whether its step has come to its end. */
export function isOutcome({ kind }: Entry): boolean {
  return kind !== "attempt" && kind !== "recovery";
}

export function isLive(event: TaskEvent): event is LiveEvent {
  return event.type !== "entry";
}
