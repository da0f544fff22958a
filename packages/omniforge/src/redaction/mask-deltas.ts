/**
 * Masking text that comes in pieces: a secret may begin in one delta and end in another.
 *
 * Held back is only what may be the beginning of a secret, until more has come; what is never completed comes with the
 * finished message. A masked piece is as long as what it hides, so that offsets go on fitting.
 */
import type { Entry } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { KnownSecrets } from "./known-secrets.ts";

type Delta = Extract<TaskEvent, { type: "delta" }>;
type Reset = Extract<TaskEvent, { type: "reset" }>;

export interface DeltaMask {
  /** The delta as it may be shown; undefined where all of it is held back. */
  show(delta: Delta): Delta | undefined;
  /** Nothing of the step's earlier attempts counts any more. */
  forget(reset: Reset): void;
  /** The entry supersedes what was streamed of its step. */
  end(task: string, entry: Entry): void;
}

interface Held {
  readonly offset: number;
  readonly text: string;
}

/** More than this is not held back: no secret is that long. */
const longest = 10_000;

export function maskDeltas(known: KnownSecrets): DeltaMask {
  const steps = new Map<string, Map<string, Held>>();
  const hide = (text: string): string => known.hide(text, (secret) => "•".repeat(secret.length));
  /** A secret that stands across the place where others may begin is held back whole: half of it would be told. */
  const openFrom = (text: string): number => {
    const open = known.openFrom(text);
    return known.places(text).find(({ from, to }) => from < open && open < to)?.from ?? open;
  };
  const stepOf = (task: string, key: string): Map<string, Held> => {
    const name = `${task} ${key}`;
    const channels = steps.get(name) ?? new Map<string, Held>();
    steps.set(name, channels);
    return channels;
  };
  return {
    show(delta) {
      const channels = stepOf(delta.task, delta.key);
      const channel = `${delta.attempt} ${delta.channel}`;
      const held = channels.get(channel);
      // What does not follow on what is held back is another piece: a gap, or the text so far once more.
      const follows = held !== undefined && held.offset + held.text.length === delta.offset;
      const offset = follows ? held.offset : delta.offset;
      const text = follows ? held.text + delta.text : delta.text;
      const clean = hide(text);
      const open = text.length > longest ? text.length : openFrom(text);
      channels.set(channel, { offset: offset + open, text: text.slice(open) });
      return open === 0 ? undefined : { ...delta, offset, text: clean.slice(0, open) };
    },
    forget: ({ task, key }) => void steps.delete(`${task} ${key}`),
    end(task, { key }) {
      if (key !== undefined) steps.delete(`${task} ${key}`);
    },
  };
}
