/** The text of events on the wire. Only entries have an id: what is not durable can't be resumed from. */
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { LiveEvent } from "../../events/live-view.ts";
import { entryView } from "../view/entry-view.ts";

const texts = new WeakMap<Entry, string>();

/** An entry is written out once, however many clients get it. */
export function entryFrame(forge: OmniForge, task: string, entry: Entry, id: string): string {
  let text = texts.get(entry);
  if (text === undefined) {
    text = `event: entry\ndata: ${JSON.stringify({ type: "entry", task, entry: entryView(forge, entry) })}\n\n`;
    texts.set(entry, text);
  }
  return `id: ${id}\n${text}`;
}

export function liveFrame(event: LiveEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** When to come again. Milliseconds. */
export function retryFrame(ms: number): string {
  return `retry: ${ms}\n\n`;
}

/** Keeps whoever stands between from closing a quiet connection. */
export const pingFrame = ": ping\n\n";

export const streamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};
