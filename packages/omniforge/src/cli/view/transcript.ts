/**
 * A task as a person reads it: what was said, each call with what came of it, sub-agents indented.
 *
 * Invariant: what is shown stays. Nothing is taken back or painted over, so that a pipe, a log and a scrolled terminal
 * all tell the same.
 */
import type { Entry, EntryBody, EntryOf } from "../../protocol/entry.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import { textOf } from "../../protocol/message.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { ModelFactsTable } from "../../models/model-facts.ts";
import { listenTool } from "../../tools/builtin/listen.ts";
import { isListening } from "../../agents/conversation.ts";
import { createBill } from "./bill.ts";
import { durationText } from "./call-text.ts";
import {
  callLine,
  endLine,
  footer,
  inputLine,
  nameOf,
  recoveryText,
  reusedMark,
  type Actor,
} from "./entry-lines.ts";
import { createLiveText, type LiveText } from "./live-text.ts";
import { showRequest } from "./request-lines.ts";
import type { Screen, Span } from "./screen.ts";
import type { OpenRequest, TaskView } from "./view.ts";

export interface TranscriptOptions {
  /** What was recorded before this time was not done now: it is marked as reused. Epoch milliseconds. */
  readonly reusedBefore?: number;
  /** Prices of the person's own. */
  readonly modelFacts?: ModelFactsTable;
}

/** Shows a task, and its sub-agents, on a screen. */
export function createTranscript(screen: Screen, options: TranscriptOptions = {}): TaskView {
  const { reusedBefore = 0 } = options;
  const actors = new Map<string, Actor>();
  const live: LiveText = createLiveText(screen);
  const shown = new Set<string>();
  const typed = new Set<string>();
  const bill = createBill(options.modelFacts);
  /** Tasks whose model was asked and has not said anything yet. */
  const thinking = new Set<string>();
  const actorOf = (task: string): Actor =>
    actors.get(task) ?? { agent: "", indent: 0, calls: new Map(), running: new Map<string, string>() };

  const showStatus = (): void => {
    const names = [...actors.values()].flatMap(({ calls, running }) =>
      [...running].map(([key, said]) => `${calls.get(key)?.name ?? key}${said === "" ? "" : `: ${said}`}`),
    );
    const doing = [...names, ...(thinking.size > 0 ? ["thinking"] : [])];
    const spent = [bill.tokens(), bill.cost()].filter((part) => part !== "").map((part) => ` · ${part}`);
    if (!live.open()) screen.status(doing.length > 0 ? `… ${doing.join(", ")}${spent.join("")}` : "");
  };
  const line = (spans: readonly Span[], indent: number): void => {
    live.interrupt();
    screen.line(spans, indent);
  };

  function entry(task: string, one: Entry): void {
    const actor = actorOf(task);
    const { indent } = actor;
    const reused = one.at < reusedBefore;
    switch (one.kind) {
      case "created":
        actors.set(task, actorFor(one.body, task));
        if (one.body.parent !== undefined)
          line([{ text: `↳ ${one.body.agent}`, style: "cyan" }], actorOf(task).indent - 2);
        return;
      case "message":
        if (typed.has(one.body.id)) return;
        live.interrupt();
        return screen.text(`» ${textOf(one.body.message.parts)}`, {
          indent,
          style: indent > 0 ? "dim" : "bold",
        });
      case "reply":
        return reply(task, actor, one, reused);
      case "result":
        actor.running.delete(one.key ?? "");
        if (one.body.name === listenTool.spec.name) return listened(one.body, indent);
        return line(callLine(actor, one, { reused, columns: screen.columns - indent - 2 }), indent + 2);
      case "input":
        if (one.body.answer?.decision === "approve" && one.key === undefined)
          actor.running.set(one.body.id, "");
        if (actor.calls.get(one.body.id)?.name === listenTool.spec.name) return;
        return line(inputLine(one.body, reused), indent + 2);
      case "attempt": {
        const next =
          one.body.retryAt === undefined
            ? ""
            : `; next try in ${durationText(Math.max(0, one.body.retryAt - one.at))}`;
        return line(
          [
            {
              text: `↻ ${nameOf(actor, one.body.step)} failed: ${one.body.error.message}${next}`,
              style: "yellow",
            },
          ],
          indent + 2,
        );
      }
      case "recovery":
        return line([{ text: `↻ ${recoveryText(actor, one.body.steps)}`, style: "yellow" }], indent);
      case "compaction":
        return line(
          [{ text: `… the conversation was put in short (${one.body.outcome})`, style: "dim" }],
          indent,
        );
      case "cancel":
        return line(
          [
            {
              text: `✗ cancel requested${one.body.reason === undefined ? "" : `: ${one.body.reason}`}`,
              style: "red",
            },
          ],
          indent,
        );
      case "refusal":
        return line([{ text: `✗ a message came too late: ${one.body.reason}`, style: "red" }], indent);
      case "ended":
        actor.running.clear();
        if (indent > 0) line(endLine(one.body.state, one.body.error?.message), indent);
        return;
      case "request":
        // Shown by whoever asks, while it is open.
        actor.running.delete(one.body.key);
        return;
      case "claim":
      case "release":
      case "child":
      case "artifact":
        return;
    }
  }

  /** What was said as the answer itself; mostly it is a message, and shown as one. */
  function listened({ status, parts }: EntryBody<"result">, indent: number): void {
    const text = textOf(parts);
    if (status === "result" && text !== "") screen.text(`» ${text}`, { indent, style: "bold" });
  }

  function actorFor({ agent, parent, depth }: EntryBody<"created">, task: string): Actor {
    const above = parent === undefined ? undefined : actors.get(parent.task);
    const indent = above === undefined ? 4 * depth : above.indent + 4;
    return {
      agent,
      indent: task === parent?.task ? 0 : indent,
      calls: new Map(),
      running: new Map<string, string>(),
    };
  }

  function reply(task: string, actor: Actor, one: EntryOf<"reply">, reused: boolean): void {
    const { parts, calls, error, outcome, limit } = one.body;
    for (const call of calls) {
      const part = parts.find((each) => each.type === "tool-call" && each.index === call.index);
      actor.calls.set(call.key, { name: call.name, given: part?.type === "tool-call" ? part.arguments : {} });
      if (call.waits === undefined) actor.running.set(call.key, "");
    }
    const text = textOf(parts).trim();
    if (reused) {
      const said = text === "" ? `a reply with ${calls.length} calls` : (text.split("\n")[0] ?? "");
      if (outcome !== "failed") line([reusedMark, { text: said, style: "dim" }], actor.indent + 2);
    } else live.finished(task, one.key ?? "", text, actor.indent);
    if (outcome === "limit")
      line([{ text: `✗ the limit of ${limit ?? "the task"} is reached`, style: "yellow" }], actor.indent);
    if (error !== undefined)
      line([{ text: `✗ the model failed: ${error.message}`, style: "red" }], actor.indent);
  }

  function request(open: OpenRequest): void {
    live.interrupt();
    shown.add(`${open.task} ${open.request.id}`);
    if (isListening(open.request)) return;
    const { agent, indent } = actorOf(open.task);
    screen.line();
    showRequest(screen, open.request, indent, indent > 0 ? agent : undefined);
  }

  return {
    event(event) {
      if (event.type === "entry") {
        thinking.delete(event.task);
        bill.add(event.task, event.entry);
        entry(event.task, event.entry);
      } else delta(event);
      showStatus();
    },
    request,
    said: (id) => void typed.add(id),
    waiting(_task, open, { answers, goOn }) {
      for (const one of open) if (!shown.has(`${one.task} ${one.request.id}`)) request(one);
      screen.line();
      screen.line([{ text: "The task waits for you. Answer it with", style: "bold" }]);
      for (const [index, command] of answers.entries()) {
        if (index > 0) screen.line(["or"]);
        screen.text(command, { indent: 2 });
      }
      screen.line([{ text: "and go on with", style: "bold" }]);
      screen.text(goOn, { indent: 2 });
    },
    ended(task) {
      live.interrupt();
      screen.line();
      screen.line(endLine(task.state, task.error?.message));
      screen.line([{ text: footer(task, bill.cost()), style: "dim" }]);
    },
    note(text) {
      live.interrupt();
      screen.text(text);
    },
  };

  function delta(event: Exclude<TaskEvent, { type: "entry" }>): void {
    if (event.type === "reset") {
      if (parseStepKey(event.key).kind === "model") thinking.add(event.task);
      return live.reset(event.task, event.key);
    }
    if (event.channel !== "progress") thinking.delete(event.task);
    if (event.channel === "text") live.add(event, actorOf(event.task).indent);
    else if (event.channel === "progress") actorOf(event.task).running.set(event.key, event.text);
  }
}
