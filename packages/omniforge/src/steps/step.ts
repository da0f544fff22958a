/**
 * What every step shares: its world, its result, and the one way in which it writes.
 *
 * A step performs one attempt at one effect. It owns looking into the log first, performing, and recording. It does not
 * own when it runs, nor when it runs again: that is the interpreter's.
 */
import type { NewEntry } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { TaskReference } from "../protocol/task.ts";
import type { BlobStore } from "../store/blob-store.ts";
import type { Commit, CommitResult, TaskStore } from "../store/task-store.ts";
import type { ModelFactsTable } from "../models/model-facts.ts";
import type { ModelRegistry } from "../models/model-registry.ts";
import type { ToolRegistry } from "../tools/tool-registry.ts";
import { dropLateBlobs } from "./late-blobs.ts";
import type { Transcripts } from "./load-transcript.ts";

/** Everything that steps need of their process. */
export interface StepWorld {
  readonly store: TaskStore;
  readonly blobs: BlobStore;
  readonly tools: ToolRegistry;
  readonly models: ModelRegistry;
  /** Facts of models that win over those that ship with OmniForge. */
  readonly modelFacts?: ModelFactsTable;
  readonly transcripts: Transcripts;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after this time, or rejects with the signal's reason when it aborts first. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Something that nobody else will ever draw: names attempts and claims. */
  readonly nonce: () => string;
  /** Announcements and deltas of a tenant's task: hints, may be lost (W4). */
  readonly publish: (event: TaskEvent, tenant: string) => void;
  /** The folder that a task works on where its order named none. */
  readonly workspace: string;
  /** How long a cancelled tool may take to come back by itself (K7). Milliseconds. */
  readonly cancelGraceMs: number;
}

/** One attempt: for which task, under which fence, until which signal. */
export interface Attempt extends TaskReference {
  /** In process only. */
  readonly fence?: number;
  readonly signal: AbortSignal;
}

export type StepResult<Value> =
  | { readonly kind: "done"; readonly value: Value }
  /** The failure is recorded; the interpreter schedules the next attempt. Epoch milliseconds. */
  | {
      readonly kind: "retry";
      readonly at: number;
      readonly code: string;
      /** The tool or model that this process does not have (`TOOL_NOT_HERE`, `MODEL_NOT_HERE`). */
      readonly lacks?: string;
    }
  | { readonly kind: "canceled" }
  /** Nothing more is to be done here: the task ended, another process has it, or this step's turn is over. */
  | { readonly kind: "stopped"; readonly why: "ended" | "lost" | "stale" | "missing" | "aborted" };

export function done<Value>(value: Value): StepResult<Value> {
  return { kind: "done", value };
}

type Preconditions = Omit<Commit, "tenant" | "task" | "fence" | "entries" | "at">;

/** Commits under the attempt's fence, and announces what was inserted or found (K2). */
export async function record(
  world: StepWorld,
  attempt: Attempt,
  entries: readonly NewEntry[],
  preconditions: Preconditions = {},
): Promise<CommitResult> {
  const { tenant, task, fence } = attempt;
  const commit = {
    tenant,
    task,
    entries,
    at: world.now(),
    ...preconditions,
    ...(fence !== undefined && { fence }),
  };
  const result = await world.store.commit(commit);
  if (result.kind === "committed")
    for (const entry of result.entries) world.publish({ type: "entry", task, entry }, tenant);
  if (result.kind === "found") world.publish({ type: "entry", task, entry: result.entry }, tenant);
  if (result.kind === "ended") await dropLateBlobs(world, attempt);
  return result;
}

/** What a refused commit means for its step. A moved head without a precondition on it can't be. */
export function refusedStep(result: CommitResult): {
  readonly kind: "stopped";
  readonly why: "ended" | "lost" | "stale" | "missing";
} {
  const { kind } = result;
  return { kind: "stopped", why: kind === "ended" || kind === "lost" || kind === "missing" ? kind : "stale" };
}
