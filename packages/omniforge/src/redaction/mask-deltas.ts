/**
 * Masking what is streamed, where it is published: a secret may begin in one delta and end in another.
 *
 * Held back is only what may be the beginning of a secret, until more has come; what is never completed comes with the
 * finished message. A masked piece is as long as what it hides, so that offsets go on fitting.
 */
import type { TaskEvent } from "../protocol/event.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { StreamedMembers } from "./streamed-members.ts";

type Delta = Extract<TaskEvent, { type: "delta" }>;

/** What a channel has streamed and nobody has been shown. */
interface Held {
  readonly offset: number;
  readonly text: string;
  /** So much had to be held back that nothing more is shown. */
  readonly silent?: boolean;
}

/** More than this is not kept: who follows sees nothing more of the channel until the finished message. */
const longest = 10_000;

/** A function for all events of a process, in their order: the event as it may be published; undefined: held back. */
export function maskDeltas(
  known: KnownSecrets,
  members: StreamedMembers,
): (event: TaskEvent) => TaskEvent | undefined {
  /** By task, step, and attempt with channel. */
  const tasks = new Map<string, Map<string, Map<string, Held>>>();
  const dots = (secret: string): string => "•".repeat(secret.length);
  const hide = (text: string): string => known.hide(members.hide(text, dots), dots);

  /** A secret that stands across the place where others may begin is held back whole: half of it would be told. */
  const openFrom = (text: string): number => {
    const open = Math.min(known.openFrom(text), members.openFrom(text));
    const places = [...known.places(text), ...members.places(text)];
    return Math.min(open, ...places.flatMap(({ from, to }) => (from < open && open < to ? [from] : [])));
  };
  const channelsOf = ({ task, key }: Delta): Map<string, Held> => {
    const steps = tasks.get(task) ?? new Map<string, Map<string, Held>>();
    tasks.set(task, steps);
    const channels = steps.get(key) ?? new Map<string, Held>();
    steps.set(key, channels);
    return channels;
  };
  const forget = (task: string, key: string | undefined): void => {
    const steps = tasks.get(task);
    if (key !== undefined && steps?.delete(key) === true && steps.size === 0) tasks.delete(task);
  };

  function show(delta: Delta): Delta | undefined {
    const channels = channelsOf(delta);
    const channel = `${delta.attempt} ${delta.channel}`;
    const held = channels.get(channel);
    if (held?.silent === true) return undefined;
    // What does not follow on what is held back is another piece.
    const follows = held !== undefined && held.offset + held.text.length === delta.offset;
    const offset = follows ? held.offset : delta.offset;
    const text = follows ? held.text + delta.text : delta.text;
    const open = openFrom(text);
    const rest = text.slice(open);
    const silent = rest.length > longest;
    channels.set(channel, { offset: offset + open, text: silent ? "" : rest, silent });
    return open === 0 ? undefined : { ...delta, offset, text: hide(text).slice(0, open) };
  }

  return (event) => {
    switch (event.type) {
      case "delta":
        return show(event);
      case "reset":
        forget(event.task, event.key);
        return event;
      case "entry":
        if (event.entry.kind === "ended") tasks.delete(event.task);
        else forget(event.task, event.entry.kind === "attempt" ? event.entry.body.step : event.entry.key);
        return event;
    }
  };
}
