/** What the bench's processes share: tools that wait for people or for a cancel, and their agents. */
import { askHumanTool, defineAgent, defineTool, type Agent, type Tool } from "omniforge";
import { look } from "./engine.ts";
import { moment } from "./statistics.ts";

const nothing = { type: "object", properties: {}, additionalProperties: false } as const;

/** `say` hears that a tool runs, that one was approved, that one was aborted. */
export function tools(say: (word: string, moment: number) => void): Tool[] {
  const sign = defineTool({
    name: "sign",
    description: "Signs",
    parameters: nothing,
    effects: "none",
    needsApproval: true,
    execute: () => {
      say("signs", moment());
      return "signed";
    },
  });
  const wait = defineTool({
    name: "wait",
    description: "Waits to be aborted",
    parameters: nothing,
    effects: "none",
    execute: (_, { signal }) =>
      new Promise<string>((resolve) => {
        say("waits", moment());
        const aborted = (): void => {
          say("aborted", moment());
          resolve("aborted");
        };
        signal.addEventListener("abort", aborted, { once: true });
      }),
  });
  return [look, sign, wait, askHumanTool];
}

/** One of each for the process: another tool of the same name would be refused. */
const known = tools(() => undefined);

/** The agent of the model `bench:…` of that name. */
export const agentFor = (model: string): Agent =>
  defineAgent({
    name: "bench",
    instructions: "Look.",
    model: `bench:${model}`,
    tools: known,
    limits: { turns: 20 },
  });
