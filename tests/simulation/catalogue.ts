/** The tools that simulated agents have, and the spec set of their agents: one of each way in which a call can run. */
import type { AgentSpec, SpecSet, ToolSpec } from "omniforge/protocol";
import type { AgentPlan } from "./plan.ts";

const taggedArguments = { type: "object", properties: { tag: { type: "string" } }, required: ["tag"] };

function tool(name: string, some: Partial<ToolSpec>): ToolSpec {
  return {
    name,
    description: "",
    parameters: taggedArguments,
    runs: "tool",
    effects: "none",
    timeoutMs: 5_000,
    retry: { maximumAttempts: 3, initialIntervalMs: 300, backoffCoefficient: 6, maximumIntervalMs: 5_000 },
    approval: "never",
    unknown: "model",
    ...some,
  };
}

export const tools: readonly ToolSpec[] = [
  tool("look", {}),
  tool("put", { effects: "idempotent" }),
  tool("pay", { effects: "once" }),
  tool("send", { effects: "once", unknown: "person" }),
  tool("sign", { effects: "once", approval: "always", deadlineMs: 8_000 }),
  tool("wipe", { effects: "idempotent", approval: "always" }),
  tool("edit", { approval: "tool" }),
  tool("ask", { runs: "question" }),
  tool("poll", { runs: "question", deadlineMs: 6_000 }),
];

/** An agent may open only agents that come after it, so that the tree ends. */
function openers(index: number, count: number): readonly ToolSpec[] {
  if (index === count - 1) return [];
  return [1, 2].map((step) =>
    tool(`sub${step}`, { runs: "agent", agent: agentName(Math.min(index + step, count - 1)) }),
  );
}

export function agentName(index: number): string {
  return `agent${index}`;
}

const modelRetry = {
  maximumAttempts: 4,
  initialIntervalMs: 200,
  backoffCoefficient: 5,
  maximumIntervalMs: 4_000,
};

function spec(plan: AgentPlan, index: number, count: number): AgentSpec {
  const { turns, tokens, wallTimeMs, atLimit, compactAtTokens } = plan;
  return {
    v: 1,
    name: agentName(index),
    description: "",
    instructions: agentName(index),
    model: "simulated:model",
    tools: [...tools, ...openers(index, count)],
    skills: [],
    limits: {
      turns,
      atLimit,
      depth: 2,
      children: 3,
      ...(tokens !== undefined && { tokens }),
      ...(wallTimeMs !== undefined && { wallTimeMs }),
    },
    modelRetry,
    modelTimeoutMs: 20_000,
    modelIdleTimeoutMs: 7_000,
    ...(compactAtTokens !== undefined && { compactAtTokens }),
  };
}

export function specSet(agents: readonly AgentPlan[]): SpecSet {
  const specs = agents.map((plan, index) => spec(plan, index, agents.length));
  return { v: 1, root: agentName(0), agents: Object.fromEntries(specs.map((one) => [one.name, one])) };
}
