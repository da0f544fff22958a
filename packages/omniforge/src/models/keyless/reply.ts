/** What rules are made of: the work so far, and the reply that a rule gives. */
import type { Step } from "./conversation.ts";
import { fieldOf } from "./summary.ts";

export interface KeylessReply {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
}

export interface Work {
  readonly steps: readonly Step[];
  /** Whether the call's options offer this tool. */
  readonly offers: (name: string) => boolean;
}

/** Replies to a request that it knows. */
export type Rule = (request: string, work: Work) => KeylessReply | undefined;

/** What came of the call with this member; undefined when it is to be made, for the first time or once more. */
export function outcomeOf({ steps }: Work, name: string, key: string, value: unknown): Step | undefined {
  const settled = steps.findLast(
    (step) => step.name === name && step.outcome !== "failed" && fieldOf(step.input, key) === value,
  );
  if (settled !== undefined) return settled;
  // By name only: a call whose arguments were malformed has none to be recognised by.
  const failures = steps.filter((step) => step.name === name && step.outcome === "failed");
  return failures.length < 2 ? undefined : failures.at(-1);
}

export function missingTool(name: string): string {
  return `For that I need the tool ${name}, which I was not given. (I am OmniForge's keyless demo model: a set of rules, not an LLM.)`;
}
