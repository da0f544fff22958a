/** Models of Anthropic that think unasked: what they are asked for, and what of them goes back. */
import { describe, expect, it } from "vitest";
import { shippedFacts } from "../../packages/omniforge/src/models/model-facts.ts";
import { createProvider } from "../../packages/omniforge/src/models/providers/index.ts";
import { attempt, replied, said, type Attempted, type AttemptOptions } from "./attempt.ts";
import { golden, streamServer } from "./stream-server.ts";

/** One call of the model, and what it was asked. */
async function asked(
  reference: string,
  body: string,
  options: AttemptOptions = {},
): Promise<Attempted & { readonly request: unknown }> {
  await using server = await streamServer({ body });
  const provider = createProvider("anthropic", { baseUrl: `${server.url}/v1`, apiKey: "test-key" });
  const model = provider(reference.slice("anthropic:".length));
  const attempted = await attempt(model, { ...options, reference });
  return { ...attempted, request: server.asked[0]?.body };
}

const calls = golden("anthropic-thinking-calls");
const known = Object.entries(shippedFacts().models).filter(([reference]) =>
  reference.startsWith("anthropic:"),
);

describe("a call of a model of Anthropic", () => {
  it.each(known)(
    "may be answered at the length that %s has, whatever its package knows",
    async (reference, facts) => {
      expect((await asked(reference, calls)).request).toMatchObject({ max_tokens: facts.output });
    },
  );

  it("asks to see what a model thinks that thinks unasked, and asks no other to think", async () => {
    expect((await asked("anthropic:claude-sonnet-5-5", calls)).request).toMatchObject({
      thinking: { type: "adaptive", display: "summarized" },
    });
    expect((await asked("anthropic:claude-sonnet-4-6", calls)).request).not.toHaveProperty("thinking");
    expect((await asked("anthropic:claude-someday", calls)).request).not.toHaveProperty("thinking");
  });

  it("forces no tool, and lets none be called with tool_choice alone", async () => {
    const { request } = await asked("anthropic:claude-sonnet-5-5", calls, { offerTools: false });
    expect(request).toMatchObject({ tools: [{ name: "add" }], tool_choice: { type: "none" } });
  });

  it("gives thinking back with its signature, also where its text was left out", async () => {
    const unsaid = calls
      .split("\n\n")
      .filter((event) => !event.includes('"thinking_delta"'))
      .join("\n\n");
    const reference = "anthropic:claude-sonnet-5-5";
    const { reply } = await asked(reference, unsaid);
    expect(reply.parts[0]).toMatchObject({ type: "reasoning", text: "" });
    const done = [{ type: "text" as const, text: "done" }];
    const items = [said("sums"), replied(reference, reply.parts, [done, done])];
    const { request } = await asked(reference, calls, { items });
    expect(JSON.stringify(request)).toMatch(/"type":"thinking","thinking":"","signature":"\w[^"]+"/);
  });
});
