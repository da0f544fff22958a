/** Tools: what the agents here can do. Their schemas are not told. */
import { z } from "zod";
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { route, type Route } from "../route.ts";
import { named } from "../shapes.ts";

const tool = named(
  "Tool",
  z.object({
    name: z.string(),
    description: z.string(),
    effects: z.enum(["none", "idempotent", "once"]).describe("What may happen when a call is run twice."),
    approval: z
      .enum(["never", "always", "tool"])
      .describe("Whether a person approves each call; `tool`: by its arguments."),
    agents: z.array(z.string()).describe("Who has it."),
  }),
);
type ToolView = z.infer<typeof tool>;

function toolsOf(forge: OmniForge): ToolView[] {
  const owners = new Map<string, Set<string>>();
  const collect = ({ name, definition }: Agent): void => {
    for (const { spec } of definition.tools ?? [])
      owners.set(spec.name, (owners.get(spec.name) ?? new Set()).add(name));
    for (const below of definition.agents ?? []) collect(below);
  };
  for (const agent of forge.agents.values()) collect(agent);
  return forge.tools.list().map(({ spec: { name, description, effects, approval } }) => {
    return { name, description, effects, approval, agents: [...(owners.get(name) ?? [])] };
  });
}

export const toolRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/tools",
      operation: "listTools",
      summary: "What the agents can do.",
      tag: "tools",
      role: "viewer",
      answers: {
        200: {
          description: "All of them.",
          content: { "application/json": z.object({ items: z.array(tool) }) },
        },
      },
    },
    ({ forge, context }) => context.json({ items: toolsOf(forge) }),
  ),
  route(
    {
      method: "get",
      path: "/api/v1/tools/{tool}",
      operation: "getTool",
      summary: "One tool.",
      tag: "tools",
      role: "viewer",
      params: z.object({ tool: z.string() }),
      answers: { 200: { description: "The tool.", content: { "application/json": tool } } },
      problems: ["TOOL_NOT_FOUND"],
    },
    ({ params, forge, context }) => {
      const found = toolsOf(forge).find(({ name }) => name === params.tool);
      if (found === undefined) throw new OmniForgeError("TOOL_NOT_FOUND", `there is no tool ${params.tool}`);
      return context.json(found);
    },
  ),
];
