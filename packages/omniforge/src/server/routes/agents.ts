/** Agents: which there are, and what each is for. Instructions and tools' schemas are not told. */
import { z } from "zod";
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { hashOf } from "../../store/blob-store.ts";
import { isFresh } from "../etag.ts";
import { agentParams, cached } from "../fields.ts";
import { jsonAnswer } from "../json-answer.ts";
import { route, type Route } from "../route.ts";
import { named } from "../shapes.ts";

const card = named(
  "AgentCard",
  z.object({
    name: z.string(),
    description: z.string(),
    model: z.string(),
    default: z.boolean().describe("Whether it is the one that is used where none is named."),
    tools: z.array(z.object({ name: z.string(), description: z.string() })),
    skills: z.array(z.string()),
    agents: z.array(z.string()).describe("Its sub-agents."),
    output: z.boolean().describe("Whether it answers with a value by a schema."),
  }),
);

export function toCard({ name, definition }: Agent, forge: OmniForge): z.infer<typeof card> {
  return {
    name,
    description: definition.description ?? "",
    model: definition.model ?? forge.model,
    default: defaultAgent(forge).name === name,
    tools: (definition.tools ?? []).map(({ spec }) => ({ name: spec.name, description: spec.description })),
    skills: [...(definition.skills ?? [])],
    agents: (definition.agents ?? []).map((one) => one.name),
    output: definition.output !== undefined,
  };
}

/** Throws AGENT_NOT_FOUND. */
export function agentNamed(forge: OmniForge, name: string): Agent {
  const agent = forge.agents.get(name);
  if (agent === undefined) throw new OmniForgeError("AGENT_NOT_FOUND", `there is no agent ${name}`);
  return agent;
}

/** The first that was registered. Throws AGENT_NOT_FOUND where none is. */
export function defaultAgent(forge: OmniForge): Agent {
  const [agent] = forge.agents.values();
  if (agent === undefined) throw new OmniForgeError("AGENT_NOT_FOUND", "this server has no agent");
  return agent;
}

export const agentRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/agents",
      operation: "listAgents",
      summary: "The agents that tasks can be given to.",
      tag: "agents",
      role: "viewer",
      answers: {
        200: {
          description: "All of them, the default first.",
          content: { "application/json": z.object({ items: z.array(card) }) },
        },
      },
    },
    ({ forge, context }) =>
      context.json({ items: [...forge.agents.values()].map((agent) => toCard(agent, forge)) }),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/agents/{agent}",
      operation: "getAgent",
      summary: "One agent's card.",
      tag: "agents",
      role: "viewer",
      params: agentParams,
      headers: cached,
      answers: {
        200: {
          description: "The card.",
          content: { "application/json": card },
          headers: { ETag: "Of this card." },
        },
        304: { description: "The card is the one of If-None-Match." },
      },
      problems: ["AGENT_NOT_FOUND"],
    },
    ({ params, headers, forge }) => {
      const found = toCard(agentNamed(forge, params.agent), forge);
      const etag = `"${hashOf(JSON.stringify(found))}"`;
      if (isFresh(headers["if-none-match"], etag))
        return new Response(null, { status: 304, headers: { etag } });
      return jsonAnswer(found, 200, { etag });
    },
  ),
];
