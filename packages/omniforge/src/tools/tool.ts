/**
 * What a tool is: a definition that goes into the agent spec, and a function that stays in the process.
 *
 * Owns: `defineTool`, its defaults and what `execute` receives. Expected failures are thrown and become results that the
 * model sees; nothing that a tool throws ends the task.
 */
import { z } from "zod";
import {
  agentName,
  effectClass,
  retryPolicy,
  type EffectClass,
  type RetryPolicy,
  type ToolSpec,
} from "../protocol/agent-spec.ts";
import { OmniForgeError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { Part } from "../protocol/message.ts";
import { toJsonSchema, validate, type Schema } from "./schema.ts";

/** What a running tool is given. */
export interface ToolContext {
  readonly tenant: string;
  readonly task: string;
  /** The same for every attempt at this call: hand it to whatever has the effect. */
  readonly idempotencyKey: string;
  /** Aborted by cancel, timeout and shutdown. */
  readonly signal: AbortSignal;
  /** The folder that the task works on. */
  readonly workspace: string;
  /** What people answered to this call's earlier questions (see `InputRequired`), in order. */
  readonly answers: readonly Json[];
  /** True where a person approved exactly these arguments. */
  readonly approved?: boolean;
  /** Shown to followers while the tool runs; never stored. */
  readonly progress: (text: string) => void;
}

/** What a tool may return: text, any JSON value, or parts. */
export type ToolOutput = string | Json | { readonly parts: readonly Part[] };

/** What a tool may look at to show people what a call would do. */
export type PreviewContext = Pick<ToolContext, "workspace">;

export interface Tool {
  readonly spec: ToolSpec;
  /** Whether a person must approve this call; asked only where `spec.approval` is "tool". */
  readonly needsApproval: (parameters: Json) => boolean | Promise<boolean>;
  /** What people are shown beside the arguments when they are asked to approve: a diff, say. Changes nothing. */
  readonly preview?: (parameters: Json, context: PreviewContext) => Promise<string | undefined>;
  readonly execute: (parameters: Json, context: ToolContext) => Promise<ToolOutput>;
}

export interface ToolDefinition<Parameters> {
  readonly name: string;
  readonly description: string;
  /** A Standard Schema that can be written as JSON Schema (zod, valibot …), or a JSON Schema. */
  readonly parameters: Schema<Parameters>;
  /** What may happen when a call is run twice. Default `once`: the safe one. */
  readonly effects?: EffectClass;
  /** Longest run of one attempt. Default one minute. */
  readonly timeoutMs?: number;
  /** How failing attempts are retried. Default: not at all; the model sees the failure. */
  readonly retry?: Partial<RetryPolicy>;
  /** Whether a person must approve, always or by the arguments; a rule that fails or takes long asks. Default never. */
  readonly needsApproval?: boolean | ((parameters: Parameters) => boolean | Promise<boolean>);
  /**
   * What a call would do, for the person who approves it: a diff, say. It changes nothing; one that fails or takes long
   * is left out of the request, and a long one is cut.
   */
  readonly preview?: (parameters: Parameters, context: PreviewContext) => Promise<string | undefined>;
  /** How long a person may take to answer for a call: an approval that expires is a refusal. Default for ever. */
  readonly deadlineMs?: number;
  /** Who hears of an unknown outcome of a `once` tool. Default the model. */
  readonly unknown?: "model" | "person";
  readonly queue?: string;
  readonly execute: (parameters: Parameters, context: ToolContext) => Promise<ToolOutput> | ToolOutput;
}

/** Thrown by a tool that did not start: a `once` call is then free to be tried again (K3). */
export class ToolNotStarted extends Error {
  override readonly name = "ToolNotStarted";
}

/** Thrown by a tool that needs an answer from a person before it can go on; it is run again with the answers. */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  readonly prompt: string;
  readonly schema: Json | undefined;

  constructor(prompt: string, schema?: Json) {
    super(prompt);
    this.prompt = prompt;
    this.schema = schema;
  }
}

const definitionShape = z.object({
  name: agentName,
  description: z.string(),
  effects: effectClass,
  timeoutMs: z.number().int().positive(),
  retry: retryPolicy,
  deadlineMs: z.number().int().positive().optional(),
  unknown: z.enum(["model", "person"]),
  queue: z.string().optional(),
});

export const defaultRetry: RetryPolicy = {
  maximumAttempts: 1,
  initialIntervalMs: 500,
  backoffCoefficient: 2,
  maximumIntervalMs: 30_000,
};

/**
 * Defines a tool.
 *
 * `execute` receives arguments that the schema accepted. Throws INVALID_AGENT when the definition is not one.
 *
 * @example
 * const greet = defineTool({
 *   name: "greet",
 *   description: "Greets somebody",
 *   parameters: z.object({ name: z.string() }),
 *   effects: "none",
 *   execute: ({ name }) => `Hello, ${name}!`,
 * });
 */
export function defineTool<Parameters>(definition: ToolDefinition<Parameters>): Tool {
  const { needsApproval, preview, execute, parameters: schema } = definition;
  const shape = definitionShape.safeParse({
    name: definition.name,
    description: definition.description,
    effects: definition.effects ?? "once",
    timeoutMs: definition.timeoutMs ?? 60_000,
    retry: { ...defaultRetry, ...definition.retry },
    deadlineMs: definition.deadlineMs,
    unknown: definition.unknown ?? "model",
    queue: definition.queue,
  });
  if (!shape.success)
    throw new OmniForgeError("INVALID_AGENT", `tool ${definition.name}: ${z.prettifyError(shape.error)}`);
  const spec: ToolSpec = {
    ...shape.data,
    parameters: toJsonSchema(schema),
    runs: "tool",
    approval: typeof needsApproval === "function" ? "tool" : needsApproval === true ? "always" : "never",
  };
  return {
    spec,
    needsApproval: async (value) =>
      typeof needsApproval === "function"
        ? needsApproval(await validate(schema, value))
        : needsApproval === true,
    ...(preview !== undefined && {
      preview: async (value: Json, context: PreviewContext) =>
        preview(await validate(schema, value), context),
    }),
    execute: async (value, context) => execute(await validate(schema, value), context),
  };
}
