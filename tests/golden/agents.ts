/**
 * The agents whose tasks were parked: one root with a tool of every kind, and a sub-agent.
 *
 * The scripts are functions of the conversation. Golden databases name these tools, models and scenarios: add, never
 * rename.
 */
import {
  askHumanTool,
  defineAgent,
  defineTool,
  InputRequired,
  type Agent,
  type LanguageModel,
  type Tool,
  type ToolContext,
} from "omniforge";
import { scriptedModel, type Conversation, type ScriptedReply } from "omniforge/testing";

/** What the writer does at the moments at which tasks are parked; whoever finishes them does nothing there. */
export interface Moments {
  /** Inside the tool `stall`, and inside `pay` of the scenario that loses its outcome. */
  readonly inTool?: (context: ToolContext) => Promise<void>;
  /** Before the model answers. Fails the attempt by saying so. */
  readonly inModel?: (scenario: string, conversation: Conversation) => Promise<"fail" | undefined>;
  /** Whether the tool `flaky` fails. */
  readonly flaky?: boolean;
}

const late = {
  maximumAttempts: 3,
  initialIntervalMs: 3_000,
  backoffCoefficient: 1,
  maximumIntervalMs: 3_000,
};
const letter = "the letter, at length. ".repeat(800);
const volume = "a volume that is too long for the log. ".repeat(900);

export function createAgent(moments: Moments = {}): Agent {
  const tool = (
    name: string,
    effects: "none" | "idempotent" | "once",
    result: string,
    more: Partial<Parameters<typeof defineTool>[0]> = {},
    act: (context: ToolContext) => Promise<void> | void = () => undefined,
  ): Tool =>
    defineTool({
      name,
      description: name,
      parameters: { type: "object", properties: { to: { type: "string" } } },
      effects,
      ...more,
      async execute(_parameters, context) {
        await act(context);
        return result;
      },
    });
  const stall = async (context: ToolContext): Promise<void> => moments.inTool?.(context);
  const send = tool("send", "once", "sent", { needsApproval: true });
  const helper = defineAgent({
    name: "helper",
    instructions: "Help.",
    model: "golden:helper",
    tools: [send],
  });
  return defineAgent({
    name: "golden",
    instructions: "Do what the scenario says.",
    model: "golden:root",
    tools: [
      tool("look", "none", "a view"),
      tool("note", "idempotent", "noted"),
      tool("read", "none", volume),
      tool("print", "idempotent", letter),
      tool("stall", "idempotent", "stalled", {}, stall),
      tool("pay", "once", "paid", {}, stall),
      tool("flaky", "idempotent", "done at last", { retry: late }, () => {
        if (moments.flaky === true) throw new Error("flaky fails");
      }),
      tool("form", "none", "filled in", {}, ({ answers }) => {
        if (answers.length === 0) throw new InputRequired("Which name?");
      }),
      send,
      askHumanTool,
    ],
    agents: [helper],
    modelRetry: late,
    compactAtTokens: 4_000,
  });
}

export function createModels(moments: Moments = {}): Record<string, LanguageModel> {
  const scripted = (name: string, script: (scenario: string, conversation: Conversation) => ScriptedReply) =>
    scriptedModel(async (conversation) => {
      const scenario = scenarioOf(conversation);
      const told = await moments.inModel?.(scenario, conversation);
      if (told === "fail") return { fail: { status: 529, message: "overloaded" } };
      return script(scenario, conversation);
    }, `golden:${name}`);
  return { "golden:root": scripted("root", rootScript), "golden:helper": scripted("helper", helperScript) };
}

/** The last word of what was said first; a compaction keeps it. */
const scenarioOf = ({ said }: Conversation): string => said[0]?.split(/\s+/).at(-1) ?? "";

const calls = (...names: readonly string[]): ScriptedReply => ({
  calls: names.map((name) => ({ name, arguments: name === "send" ? { to: "ann" } : {} })),
});

const firstTurn: Readonly<Record<string, ScriptedReply>> = {
  "mid-turn": calls("look", "note", "read", "stall"),
  "waiting-approval": calls("send", "look"),
  "waiting-question": { calls: [{ name: "ask_human", arguments: { question: "Which colour?" } }] },
  "waiting-input": calls("form"),
  "waiting-limit": calls("look"),
  "waiting-child": { calls: [{ name: "helper", arguments: { message: "please waiting-child" } }] },
  cancelling: calls("look", "stall"),
  "retrying-tool": calls("look", "flaky"),
  "compacting-before": calls("print"),
  "compacting-after": calls("print"),
  "claimed-once": calls("look", "pay"),
  "died-twice": calls("look", "stall"),
  ended: calls("look"),
};

/** The second reply says what the model saw: a result that was lost or changed shows in the answer. */
function rootScript(scenario: string, { turn, tools, said, results }: Conversation): ScriptedReply {
  if (tools.length === 0) return { text: `everything was printed, so far for ${scenario}` };
  const isCompacted = said[0]?.startsWith("What happened before") === true;
  const first = firstTurn[scenario];
  if (turn === 1 && !isCompacted && first !== undefined) return first;
  const seen = results.map(({ name, kind, text }) => `${name} ${kind} ${text.slice(0, 24)}`);
  return { text: [...seen, ...(isCompacted ? ["compacted"] : []), `${said.length} said`].join("; ") };
}

function helperScript(_scenario: string, { turn, results }: Conversation): ScriptedReply {
  return turn === 1 ? calls("send") : { text: `helped: ${results.map(({ text }) => text).join()}` };
}
