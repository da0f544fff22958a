/**
 * One watch over all followed logs of this process: whatever is announced, here or by another process, is passed on to
 * those who follow that task, and what nobody announced is found by comparing (W4).
 *
 * Invariants
 * 1. One timer, and none while nobody follows. Followers that have nothing to hear cost nothing.
 * 2. A store that knows which logs have grown is asked for them, and only when something was written at all. Any other has
 *    each followed log's head compared once in two seconds.
 */
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { TaskStore } from "../store/task-store.ts";
import type { EventBus } from "./event-bus.ts";
import { LiveText, type LiveStep } from "./live-text.ts";
import { isOlderAttempt } from "../protocol/attempt.ts";
import type { Relay } from "./relay.ts";

/** Somebody who follows tasks. Neither may throw. */
export interface Listener {
  readonly tenant: string;
  /** What was announced of a task: a hint. */
  hear(event: TaskEvent): void;
  /** The log has this many entries, at least. */
  grown(task: string, headSeq: number): void;
}

export interface Watch {
  readonly store: TaskStore;
  add(task: string, listener: Listener): void;
  remove(task: string, listener: Listener): void;
  /** What the running steps of a followed task have said so far, wherever they run. */
  readonly live: (reference: TaskReference) => readonly LiveStep[];
}

export interface WatchOptions {
  /** How often it looks for what nobody announced. */
  readonly compareMs?: number;
  /** Tells what other processes announce. */
  readonly relay?: Pick<Relay, "follow"> | undefined;
}

/** A task that is followed, as other processes tell of it. */
interface Remote {
  readonly text: LiveText;
  readonly stop: () => void;
  listeners: number;
}

/** How often writing is looked for. Costs microseconds where nothing was written. */
const defaultCompareMs = 100;
/** Within this time a log is compared where the store can't tell which have grown. */
const compareAllMs = 2_000;

/** Watches a store over what its process announces. */
export function createWatch(
  store: TaskStore,
  bus: EventBus,
  { compareMs = defaultCompareMs, relay }: WatchOptions = {},
): Watch {
  const followed = new Map<string, Set<Listener>>();
  const remotes = new Map<string, Remote>();
  let stop: (() => void) | undefined;

  const pass = (event: TaskEvent): void => {
    for (const listener of followed.get(event.task) ?? []) listener.hear(event);
  };
  const tell = ({ tenant, task }: TaskReference, headSeq: number): void => {
    for (const listener of followed.get(task) ?? [])
      if (listener.tenant === tenant) listener.grown(task, headSeq);
  };

  function listenFar(through: Pick<Relay, "follow">, reference: TaskReference): Remote {
    const { tenant, task } = reference;
    const text = new LiveText();
    const unfollow = through.follow(reference, {
      hear(event) {
        text.note(event);
        for (const listener of followed.get(task) ?? []) if (listener.tenant === tenant) listener.hear(event);
      },
      grown(headSeq, steps) {
        for (const step of steps) text.forget(task, step);
        tell(reference, headSeq);
      },
    });
    return { text, stop: unfollow, listeners: 0 };
  }

  function start(): () => void {
    const unsubscribe = bus.subscribe(pass);
    const compare = store.grown === undefined ? compareInTurns() : compareGrown();
    let comparing = false;
    const timer = setInterval(() => {
      if (comparing) return;
      comparing = true;
      // A store that can't be read just now is read again at the next tick.
      compare()
        .catch(() => undefined)
        .finally(() => (comparing = false));
    }, compareMs);
    return () => {
      unsubscribe();
      clearInterval(timer);
    };
  }

  /** Asks the store which logs have grown; where they are too many to name, looks at all that are followed. */
  function compareGrown(): () => Promise<void> {
    let version: number | undefined;
    let mark: string | undefined;
    return async () => {
      const now = store.version();
      if (now === version) return;
      const { mark: next, logs } = (await store.grown?.(mark)) ?? {};
      // Only now: what fails is asked again.
      version = now;
      const first = mark === undefined;
      mark = next;
      if (first || logs === undefined) return compareHeads([...followed.keys()]);
      for (const log of logs) tell(log, log.headSeq);
    };
  }

  function compareInTurns(): () => Promise<void> {
    let left: string[] = [];
    return () => {
      if (left.length === 0) left = [...followed.keys()];
      return compareHeads(left.splice(0, Math.ceil((followed.size * compareMs) / compareAllMs)));
    };
  }

  async function compareHeads(tasks: readonly string[]): Promise<void> {
    for (const task of tasks) {
      const tenants = new Set([...(followed.get(task) ?? [])].map(({ tenant }) => tenant));
      for (const tenant of tenants) {
        const row = await store.row({ tenant, task });
        if (row !== undefined) tell(row, row.headSeq);
      }
    }
  }

  return {
    store,
    live(reference) {
      const far = remotes.get(nameOf(reference))?.text.of(reference.task) ?? [];
      return far.length === 0 ? bus.live(reference.task) : newest([...bus.live(reference.task), ...far]);
    },
    add(task, listener) {
      const listeners = followed.get(task) ?? new Set();
      if (listeners.has(listener)) return;
      followed.set(task, listeners.add(listener));
      stop ??= start();
      if (relay === undefined) return;
      const reference = { tenant: listener.tenant, task };
      const remote = remotes.get(nameOf(reference)) ?? listenFar(relay, reference);
      remotes.set(nameOf(reference), remote);
      remote.listeners++;
    },
    remove(task, listener) {
      const listeners = followed.get(task);
      if (listeners?.delete(listener) !== true) return;
      const name = nameOf({ tenant: listener.tenant, task });
      const remote = remotes.get(name);
      if (remote !== undefined && --remote.listeners === 0) {
        remotes.delete(name);
        remote.stop();
      }
      if (listeners.size > 0) return;
      followed.delete(task);
      if (followed.size > 0) return;
      stop?.();
      stop = undefined;
    },
  };
}

function nameOf({ tenant, task }: TaskReference): string {
  return JSON.stringify([tenant, task]);
}

/** Of each step, the attempt that began last. */
function newest(steps: readonly LiveStep[]): readonly LiveStep[] {
  const byKey = new Map<string, LiveStep>();
  for (const step of steps) {
    const known = byKey.get(step.key);
    if (known === undefined || !isOlderAttempt(step.attempt, known.attempt)) byKey.set(step.key, step);
  }
  return [...byKey.values()];
}
