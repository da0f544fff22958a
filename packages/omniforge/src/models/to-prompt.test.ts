import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { defineAgent } from "../agents/define-agent.ts";
import type { AgentSpec } from "../protocol/agent-spec.ts";
import { userMessage } from "../protocol/message.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import { toPrompt } from "./to-prompt.ts";

function specOf(model: string): AgentSpec {
  const spec = defineAgent({ name: "writer", instructions: "Write.", model }).specSet(model).agents["writer"];
  if (spec === undefined) throw new Error("the agent has no spec");
  return spec;
}

const reply = (turn: number, text: string): TranscriptItem => ({
  role: "assistant",
  turn,
  model: "one:a",
  parts: [{ type: "text", text }],
  results: [],
});

/** What may become of a transcript between two model calls. */
const changes = ["say", "reply", "replace the last", "compact", "other model"] as const;

const reader = { provider: "p", images: true };

describe("the prompt of a growing transcript", () => {
  it("is the one of a transcript that was never converted before", () => {
    assert(
      property(array(constantFrom(...changes), { maxLength: 30 }), (plan) => {
        let items: readonly TranscriptItem[] = [{ role: "user", message: userMessage("begin") }];
        let model = "one:a";
        for (const [step, change] of plan.entries()) {
          if (change === "say") items = [...items, { role: "user", message: userMessage(`said ${step}`) }];
          if (change === "reply") items = [...items, reply(step, `reply ${step}`)];
          if (change === "replace the last")
            items = [...items.slice(0, -1), reply(step, `in its place ${step}`)];
          if (change === "compact") items = [{ role: "user", message: userMessage(`summary ${step}`) }];
          if (change === "other model") model = model === "one:a" ? "other:b" : "one:a";
          const spec = specOf(model);
          expect(toPrompt(spec, items, reader)).toEqual(toPrompt(spec, structuredClone(items), reader));
        }
      }),
    );
  });

  it("takes over what was converted before", () => {
    const spec = specOf("one:a");
    const items = [reply(1, "first"), reply(2, "second")];
    const before = toPrompt(spec, items);
    const after = toPrompt(spec, [...items, reply(3, "third")]);
    for (const [index, message] of before.slice(1).entries()) expect(after[index + 1]).toBe(message);
  });
});
