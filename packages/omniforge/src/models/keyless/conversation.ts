/**
 * What a prompt says, as far as rules can tell: who asks for what, and what was done about it.
 *
 * Owns: reading a prompt. Everything the keyless model answers is derived from this, so equal prompts get equal replies.
 * Does not own: what to do next (`rules.ts`).
 */
import type { ModelMessage, ModelPrompt, ModelToolOutput } from "../language-model.ts";
import { readSummary } from "./summary.ts";

/** `unknown`: it was started, and nobody can tell whether it took effect. */
export type Outcome = "answered" | "failed" | "refused" | "unknown";

/** A tool call that was made for the open requests, and what came of it. */
export interface Step {
  readonly name: string;
  readonly input: unknown;
  readonly outcome: Outcome;
  readonly text: string;
}

export interface Conversation {
  /** What people said since the last answer, in order. */
  readonly requests: readonly string[];
  /** What was done about it. */
  readonly steps: readonly Step[];
  /** The number of the reply that comes next, counted over the whole prompt. */
  readonly turn: number;
  /** The last message asks to put the conversation in short; it is not one of the requests. */
  readonly wantsSummary: boolean;
}

/** Reads a prompt; never throws, whatever a prompt contains. */
export function readConversation(prompt: ModelPrompt): Conversation {
  const wantsSummary = asksForSummary(prompt.at(-1));
  let requests: string[] = [];
  let steps: Step[] = [];
  // The calls of the latest reply, by their ids: a provider may use an id again in another reply.
  let open = new Map<string, number>();
  let [turn, answered] = [1, false];
  for (const message of wantsSummary ? prompt.slice(0, -1) : prompt) {
    if (message.role === "user") {
      if (answered) [requests, steps, answered] = [[], [], false];
      const text = textOf(message);
      const summary = readSummary(text);
      if (summary === undefined) requests.push(text);
      else [requests, steps] = [[...summary.requests], [...summary.steps]];
    } else if (message.role === "assistant") {
      turn++;
      open = new Map();
      for (const part of message.content) {
        if (part.type !== "tool-call") continue;
        open.set(part.toolCallId, steps.length);
        steps.push({ name: part.toolName, input: part.input, outcome: "failed", text: "there is no result" });
      }
      answered = open.size === 0;
    } else if (message.role === "tool") {
      for (const part of message.content) {
        const index = part.type === "tool-result" ? open.get(part.toolCallId) : undefined;
        const step = index === undefined ? undefined : steps[index];
        if (part.type !== "tool-result" || index === undefined || step === undefined) continue;
        steps[index] = { ...step, ...readOutput(part.output) };
      }
    }
  }
  return { requests, steps, turn, wantsSummary };
}

function textOf(message: ModelMessage | undefined): string {
  if (message?.role !== "user") return "";
  return message.content
    .map((part) => (part.type === "text" ? part.text : ""))
    .join("\n")
    .trim();
}

/** "Summarise this conversation …", and not "find every … and write a summary". */
function asksForSummary(last: ModelMessage | undefined): boolean {
  return /^(?:please\s+|now\s+)*(?:summari[sz]e|compact|condense|(?:write|give)(?: me)? a (?:short )?summary of)\s+(?:this|the|our|what|everything)\b/i.test(
    textOf(last),
  );
}

function readOutput(output: ModelToolOutput): Pick<Step, "outcome" | "text"> {
  switch (output.type) {
    case "text":
      return { outcome: "answered", text: output.value };
    case "json":
      return {
        outcome: "answered",
        text: typeof output.value === "string" ? output.value : JSON.stringify(output.value),
      };
    case "content":
      return {
        outcome: "answered",
        text: output.value.map((part) => (part.type === "text" ? part.text : "")).join(""),
      };
    case "execution-denied":
      return { outcome: "refused", text: output.reason ?? "no reason was given" };
    case "error-text":
      return failed(output.value);
    case "error-json":
      return failed(JSON.stringify(output.value));
  }
}

function failed(text: string): Pick<Step, "outcome" | "text"> {
  return { outcome: /whether it took effect is unknown/i.test(text) ? "unknown" : "failed", text };
}
