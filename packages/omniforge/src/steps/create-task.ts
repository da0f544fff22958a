/**
 * Tasks come into being here, roots and sub-agents alike: the spec set is pinned, and the id is the caller's to choose
 * once, so that creating twice is harmless (P1, K6).
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { limits as limitsShape, type AgentSpec, type Limits, type SpecSet } from "../protocol/agent-spec.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { messageInput } from "../protocol/input.ts";
import type { Message } from "../protocol/message.ts";
import type { EngineName } from "../protocol/task.ts";
import { hashOf } from "../store/blob-store.ts";
import type { NewTask, TaskRow } from "../store/task-store.ts";
import { loopVersion } from "../loop/run-agent.ts";
import { keepFiles } from "./files.ts";
import { dropLateBlobs } from "./late-blobs.ts";
import type { StepWorld } from "./step.ts";

export interface TaskOrder {
  readonly tenant: string;
  /** Default: a new one, time-ordered. */
  readonly task?: string;
  readonly specs: SpecSet;
  readonly engine: EngineName;
  readonly message: { readonly id?: string; readonly message: Message; readonly actor?: string };
  readonly limits?: Partial<Limits>;
  /** The folder that the task works on; a sub-agent works on its parent's. */
  readonly workspace?: string;
  readonly idempotencyKey?: string;
  /** The conversation that it belongs to; a sub-agent's task belongs to its parent's. */
  readonly context?: string;
  readonly child?: { readonly parent: TaskRow; readonly key: string };
}

/**
 * Creates a task durably, or finds the one that this order has created before. Starting it in the engine comes after.
 *
 * Throws INVALID_INPUT before anything is stored: what can't be read again would be a task that nobody can run or end.
 */
export async function createTask(
  world: StepWorld,
  order: TaskOrder,
): Promise<{ readonly row: TaskRow; readonly created: boolean }> {
  const { tenant, specs, engine, child, idempotencyKey } = order;
  const agent = specs.agents[specs.root];
  if (agent === undefined)
    throw new OmniForgeError("AGENT_NOT_FOUND", `the spec set has no agent ${specs.root}`);
  const task = order.task ?? newTaskId(world.now());
  // The agent's own were judged when it was defined.
  const limits = order.limits ? parse(limitsShape, { ...agent.limits, ...order.limits }) : agent.limits;
  const { id, message, actor } = parse(messageInput, { kind: "message", id: "first", ...order.message });
  const workspace = order.workspace ?? child?.parent.workspace ?? undefined;
  const context = order.context ?? (child && namedContext(child.parent));
  const fresh = {
    tenant,
    task,
    agent: agent.name,
    specs: { hash: hashOfSpecs(specs), set: specs },
    engine,
    limits,
    loopVersion,
    root: child?.parent.root ?? task,
    depth: child === undefined ? 0 : child.parent.depth + 1,
    message: {
      id,
      message: await keepFiles(world.blobs, { tenant, task }, message),
      ...(actor !== undefined && { actor }),
    },
    at: world.now(),
    ...(workspace !== undefined && { workspace }),
    ...(context !== undefined && { context }),
    ...(child && { parent: { task: child.parent.task, key: child.key } }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    isDrawn: order.task === undefined,
  } satisfies NewTask;
  const made = await world.store.create(fresh);
  if (made.row.task !== task) await world.blobs.erase({ tenant, task });
  else if (!made.created) await dropLateBlobs(world, made.row);
  if (made.created) for (const entry of made.entries) world.publish({ type: "entry", task, entry }, tenant);
  return made;
}

const hashes = new WeakMap<SpecSet, string>();

/** An agent hands out the same set again and again. */
function hashOfSpecs(set: SpecSet): string {
  const known = hashes.get(set) ?? hashOf(JSON.stringify(set));
  hashes.set(set, known);
  return known;
}

/** A conversation that is only its root's own need not be written down again. */
function namedContext({ context, root }: TaskRow): string | undefined {
  return context === root ? undefined : context;
}

function parse<Value>(shape: z.ZodType<Value>, given: unknown): Value {
  const parsed = shape.safeParse(given);
  if (!parsed.success) throw new OmniForgeError("INVALID_INPUT", z.prettifyError(parsed.error));
  return parsed.data;
}

/** Time-ordered: listing tasks by id lists them by age. */
function newTaskId(now: number): string {
  const time = Math.max(0, Math.floor(now)).toString(16).padStart(12, "0");
  return `task_${time}${randomUUID().replaceAll("-", "").slice(12)}`;
}

const parsed = new WeakMap<StepWorld, Map<string, SpecSet>>();

/** Spec sets that are kept in memory: programs may make an agent for each of their users. */
const keptSpecSets = 256;

/** The spec that a task has pinned; kept for the next step. */
export async function readSpec(
  world: StepWorld,
  row: Pick<TaskRow, "task" | "specHash">,
): Promise<AgentSpec> {
  const set = await readSpecSet(world, row);
  const spec = set.agents[set.root];
  if (spec === undefined)
    throw new OmniForgeError(
      "STORE_FAILED",
      `the spec set ${row.specHash} of task ${row.task} has no root agent`,
    );
  return spec;
}

export async function readSpecSet(
  world: StepWorld,
  row: Pick<TaskRow, "task" | "specHash">,
): Promise<SpecSet> {
  const known = parsed.get(world) ?? new Map<string, SpecSet>();
  parsed.set(world, known);
  const set = known.get(row.specHash) ?? (await world.store.specs(row.specHash));
  if (set === undefined)
    throw new OmniForgeError("STORE_FAILED", `the spec set ${row.specHash} of task ${row.task} is missing`);
  // Last in line again, whether it was known or not: whoever is first is forgotten first.
  known.delete(row.specHash);
  known.set(row.specHash, set);
  for (const oldest of known.keys()) {
    if (known.size <= keptSpecSets) break;
    known.delete(oldest);
  }
  return set;
}
