/**
 * Agents as data: what a task pins when it starts. Behaviour (tool functions, model clients) is found by name inside a
 * step, so nothing here is a function.
 */
import { z } from "zod";
import { json } from "./json.ts";

/** Names of agents, tools and models: they become file names, workflow types and URLs. */
export const agentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, "letters, digits, '-' and '_', at most 64");

/** The policy in Temporal's words, read by both engines. Times in milliseconds. */
export const retryPolicy = z.strictObject({
  maximumAttempts: z.number().int().positive(),
  initialIntervalMs: z.number().positive(),
  backoffCoefficient: z.number().min(1),
  maximumIntervalMs: z.number().positive(),
});
export type RetryPolicy = z.infer<typeof retryPolicy>;

/**
 * What may happen when a call is run twice. `none`: nothing to repeat. `idempotent`: the same key has the effect once.
 * `once`: never silently repeated; a lost outcome is *unknown*.
 */
export const effectClass = z.enum(["none", "idempotent", "once"]);
export type EffectClass = z.infer<typeof effectClass>;

export const toolSpec = z.strictObject({
  name: agentName,
  description: z.string(),
  /** JSON Schema 2020-12 of the arguments. */
  parameters: json,
  /** `tool`: a function; `question`: the call is put to a person; `agent`: the call is a sub-agent's task. */
  runs: z.enum(["tool", "question", "agent"]),
  effects: effectClass,
  timeoutMs: z.number().int().positive(),
  retry: retryPolicy,
  /** `tool`: the tool decides, by the arguments; where the tool is not registered, a person does. */
  approval: z.enum(["never", "always", "tool"]),
  /** How long a person may take; none: for ever. An expired approval is a refusal. */
  deadlineMs: z.number().int().positive().optional(),
  /** Who hears of an unknown outcome: the model, or a person who then says what to tell the model. */
  unknown: z.enum(["model", "person"]),
  /** `agent` only: the spec in the same set. */
  agent: agentName.optional(),
  /** The task queue, where the engine has several. */
  queue: z.string().optional(),
});
export type ToolSpec = z.infer<typeof toolSpec>;

/** What a task can run out of, and a person can allow as much again of. */
export const limitName = z.enum(["turns", "tokens", "wall-time", "cost"]);
export type LimitName = z.infer<typeof limitName>;

export const limits = z.strictObject({
  turns: z.number().int().positive(),
  /** Input and output tokens of the task and its collected sub-agents. */
  tokens: z.number().int().positive().optional(),
  /** US dollars that the models of the task and its sub-agents may cost. Needs a known price of each of them. */
  costUsd: z.number().positive().optional(),
  /** Time since the start, less waiting for people. */
  wallTimeMs: z.number().int().positive().optional(),
  /** At a limit: fail, or ask a person for as much again. */
  atLimit: z.enum(["fail", "ask"]),
  depth: z.number().int().nonnegative(),
  children: z.number().int().nonnegative(),
});
export type Limits = z.infer<typeof limits>;

export const agentSpec = z.strictObject({
  v: z.literal(1),
  name: agentName,
  description: z.string(),
  instructions: z.string(),
  /** `provider:model`, found in the registry inside the model step. */
  model: z.string().min(1),
  /** Tried in this order, each with attempts of its own, once the model before has used up its own. */
  fallbackModels: z.array(z.string().min(1)).optional(),
  /** JSON Schema of the final answer; none: text. An answer that does not fit is sent back once to be repaired. */
  output: json.optional(),
  tools: z.array(toolSpec),
  skills: z.array(z.string()),
  limits,
  modelRetry: retryPolicy,
  modelTimeoutMs: z.number().int().positive(),
  /** Longest silence of a model's stream. */
  modelIdleTimeoutMs: z.number().int().positive(),
  /** Tokens (estimated) of transcript above which the task is compacted before the next call. */
  compactAtTokens: z.number().int().positive().optional(),
});
export type AgentSpec = z.infer<typeof agentSpec>;

/** What a task pins: its agent and all sub-agents, under one hash. */
export const specSet = z.strictObject({
  v: z.literal(1),
  root: agentName,
  agents: z.record(agentName, agentSpec),
});
export type SpecSet = z.infer<typeof specSet>;
