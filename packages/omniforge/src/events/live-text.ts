/**
 * What running steps have streamed so far, for whoever joins in the middle.
 *
 * Invariants: only whole text is kept, from offset 0 without a gap; what is torn, or longer than the limit, is forgotten,
 * and who joins then sees nothing of it until the finished message. What a step has recorded supersedes its text, and so
 * does an attempt that began later.
 */
import { isOlderAttempt, stepsIn } from "../protocol/attempt.ts";
import type { TaskEvent } from "../protocol/event.ts";

export type Delta = Extract<TaskEvent, { type: "delta" }>;
export type Reset = Extract<TaskEvent, { type: "reset" }>;
export type Channel = Delta["channel"];

/** The text of one step's running attempt. */
export interface LiveStep {
  readonly key: string;
  readonly attempt: string;
  readonly channels: ReadonlyMap<Channel, string>;
}

/** The longest text of one channel that is kept, in UTF-16 units; and tasks, the oldest forgotten first. */
const longestText = 256 * 1024;
const maximumTasks = 4_096;

type Kept = LiveStep & { readonly channels: Map<Channel, string> };

export class LiveText {
  readonly #tasks = new Map<string, Map<string, Kept>>();

  /** Takes in what is published. */
  note(event: TaskEvent): void {
    switch (event.type) {
      case "reset": {
        const steps = this.#stepsOf(event.task);
        const known = steps.get(event.key);
        if (known === undefined || !isOlderAttempt(event.attempt, known.attempt))
          steps.set(event.key, { key: event.key, attempt: event.attempt, channels: new Map() });
        return;
      }
      case "delta":
        return this.#append(event);
      case "entry": {
        const { task, entry } = event;
        if (entry.kind === "ended") this.#tasks.delete(task);
        else for (const key of stepsIn(entry)) this.forget(task, key);
      }
    }
  }

  /** What is being said in a task just now. */
  of(task: string): readonly LiveStep[] {
    const steps = this.#tasks.get(task);
    return steps === undefined ? [] : [...steps.values()];
  }

  /** What a step has said is void. */
  forget(task: string, key: string): void {
    const steps = this.#tasks.get(task);
    if (steps?.delete(key) === true && steps.size === 0) this.#tasks.delete(task);
  }

  #append({ task, key, attempt, channel, offset, text }: Delta): void {
    const steps = this.#stepsOf(task);
    let step = steps.get(key);
    // A superseded attempt that is still speaking, in another process say: a reset comes before its successor's text.
    if (step !== undefined && step.attempt !== attempt) return;
    if (step === undefined) {
      if (offset !== 0) return;
      step = { key, attempt, channels: new Map() };
      steps.set(key, step);
    }
    const before = step.channels.get(channel) ?? "";
    if (before.length !== offset || before.length + text.length > longestText) return this.forget(task, key);
    step.channels.set(channel, before + text);
  }

  #stepsOf(task: string): Map<string, Kept> {
    const known = this.#tasks.get(task);
    if (known !== undefined) return known;
    const steps = new Map<string, Kept>();
    this.#tasks.set(task, steps);
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > maximumTasks && oldest !== undefined) this.#tasks.delete(oldest);
    return steps;
  }
}
