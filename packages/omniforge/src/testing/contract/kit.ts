/**
 * What scenarios build their agents of: tools that enter the ledger, a question to a person, scripts that count.
 *
 * A kit belongs to one process of the scenario: what it makes stops where its process does.
 */
import type { Json } from "../../protocol/json.ts";
import type { TaskStore } from "../../store/task-store.ts";
import { askHumanTool } from "../../tools/builtin/ask-human.ts";
import type { JsonSchema } from "../../tools/schema.ts";
import {
  defineTool,
  type Tool,
  type ToolContext,
  type ToolDefinition,
  type ToolOutput,
} from "../../tools/tool.ts";
import type { Script, ScriptedReply } from "../scripted-model.ts";
import type { Gates } from "./gates.ts";
import type { Ledger } from "./ledger.ts";
import type { Lifeline } from "./lifeline.ts";

export interface ToolRun {
  readonly arguments: Json;
  readonly context: ToolContext;
  /** 1 for the first execution of this call, whichever process made it. */
  readonly execution: number;
}

export type ToolOptions = Partial<
  Pick<ToolDefinition<Json>, "effects" | "timeoutMs" | "retry" | "needsApproval" | "deadlineMs" | "unknown">
> & { readonly parameters?: JsonSchema };

export interface Kit {
  /** A tool that enters the ledger, then acts. Default: without effects, says that it is done. */
  tool(name: string, options?: ToolOptions, act?: (run: ToolRun) => ToolOutput | Promise<ToolOutput>): Tool;
  /** A question to a person, as a tool. */
  question(deadlineMs?: number): Tool;
  /** Waits at a gate of the scenario. */
  wait(gate: string, signal?: AbortSignal): Promise<void>;
  /** 1 for the first time that this is asked in the scenario, whichever process asks. */
  nth(name: string): number;
}

export interface KitParts {
  readonly ledger: Ledger;
  readonly gates: Gates;
  readonly line: Lifeline;
  readonly process: number;
  /** Read beside the process, to see what the log says when a tool starts. */
  readonly store: TaskStore;
}

export function createKit({ ledger, gates, line, process, store }: KitParts): Kit {
  return {
    tool(name, options = {}, act = () => `${name} is done`) {
      const { parameters = { type: "object" }, effects = "none", ...rest } = options;
      const definition: ToolDefinition<Json> = {
        name,
        description: `The tool ${name}`,
        parameters,
        effects,
        ...rest,
        async execute(given, context) {
          await line.pass();
          const { task, tenant, idempotencyKey, answers } = context;
          const recorded = await store.find({ tenant, task }, idempotencyKey.slice(task.length + 1));
          if (recorded !== undefined) ledger.repeated.push(`${idempotencyKey} (${name})`);
          const execution = ledger.enter({
            tool: name,
            effects,
            task,
            idempotencyKey,
            arguments: given,
            answers,
            process,
          });
          try {
            return await act({ arguments: given, context, execution });
          } finally {
            await line.pass();
          }
        },
      };
      return defineTool(definition);
    },
    question: (deadlineMs) => ({
      ...askHumanTool,
      spec: { ...askHumanTool.spec, ...(deadlineMs !== undefined && { deadlineMs }) },
    }),
    nth: (name) => ledger.nth(name),
    wait: async (gate, signal) => {
      await gates.pass(gate, signal);
      await line.pass();
    },
  };
}

/** A script as this process runs it: counted, and stopping where the process does. */
export function mortalScript(name: string, script: Script, { ledger, line }: KitParts): Script {
  return async (conversation) => {
    await line.pass();
    ledger.called(name);
    const reply = await script(conversation);
    await line.pass();
    return reply;
  };
}

/** One reply a turn, in order; the last one for every turn after. */
export function replies(...each: readonly (ScriptedReply | Script)[]): Script {
  return (conversation) => {
    const reply = each[Math.min(conversation.turn, each.length) - 1] ?? {};
    return typeof reply === "function" ? reply(conversation) : reply;
  };
}

/** A reply that only answers. */
export function answer(text: string, more: ScriptedReply = {}): ScriptedReply {
  return { text, ...more };
}

/** A reply that calls tools: each by its name, with its arguments. */
export function calls(...each: readonly (string | readonly [name: string, given: Json])[]): ScriptedReply {
  return {
    calls: each.map((one) => (typeof one === "string" ? { name: one } : { name: one[0], arguments: one[1] })),
  };
}

/** A reply that says what came back from the calls so far, as the model was shown it. */
export const report: Script = ({ results }) =>
  answer(results.map(({ name, kind, text }) => `${name} (${kind}): ${text}`).join("; "));
