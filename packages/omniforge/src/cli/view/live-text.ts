/**
 * A model's text while it is being written, and the one place that decides whether a finished text must still be shown.
 *
 * Owns: one stream at a time (of several sub-agents that speak at once, the first that begins; the others are shown when
 * they have finished), what a lost delta means (the finished text is shown whole), and what a reset means: the line ends,
 * and the next attempt begins on a fresh one.
 */
import type { TaskEvent } from "../../protocol/event.ts";
import type { Screen } from "./screen.ts";

type TextDelta = Extract<TaskEvent, { type: "delta" }>;

export interface LiveText {
  add(delta: TextDelta, indent: number): void;
  /** A new attempt: what was streamed is void. */
  reset(task: string, key: string): void;
  /** The step has this text: shows it, or the rest of it. */
  finished(task: string, key: string, text: string, indent: number): void;
  /** Something else is about to be shown. */
  interrupt(): void;
  open(): boolean;
}

interface Streaming {
  readonly task: string;
  readonly key: string;
  readonly attempt: string;
  readonly indent: number;
  text: string;
  /** Between two pieces on the screen there may be something else: then it has no line of its own at the moment. */
  line: ReturnType<Screen["stream"]> | undefined;
}

/** Streams on a terminal; elsewhere only finished texts are shown. */
export function createLiveText(screen: Screen): LiveText {
  let current: Streaming | undefined;

  const interrupt = (): void => {
    current?.line?.end();
    if (current !== undefined) current.line = undefined;
  };
  const show = (text: string, indent: number): void => {
    screen.line();
    screen.text(text, { indent, markdown: true });
  };
  const isCurrent = (task: string, key: string): boolean => current?.task === task && current.key === key;

  return {
    add({ task, key, attempt, offset, text }, indent) {
      if (!screen.live) return;
      if (current === undefined && offset === 0) {
        screen.line();
        current = { task, key, attempt, indent, text: "", line: undefined };
      }
      if (current === undefined || !isCurrent(task, key) || current.attempt !== attempt) return;
      if (offset !== current.text.length) return;
      current.line ??= screen.stream({ indent, markdown: true });
      current.line.add(text);
      current.text += text;
    },
    reset(task, key) {
      if (!isCurrent(task, key)) return;
      const begun = current?.text !== "";
      interrupt();
      if (begun) screen.line([{ text: "↻ that reply broke off; the model is asked again", style: "yellow" }]);
      current = undefined;
    },
    finished(task, key, text, indent) {
      const whole = isCurrent(task, key) && current?.text.trim() === text;
      interrupt();
      if (isCurrent(task, key)) current = undefined;
      if (!whole && text !== "") show(text, indent);
    },
    interrupt,
    open: () => current?.line !== undefined,
  };
}
