/** A world over a store in a temporary folder, a scripted model, and tasks of one agent. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createToolRegistry, defineAgent, type Agent, type AgentDefinition, type Tool } from "omniforge";
import {
  isTerminal,
  userMessage,
  type Entry,
  type EntryKind,
  type EntryOf,
  type Input,
  type TaskReference,
} from "omniforge/protocol";
import { accept, createTask, createTranscripts, type StepWorld } from "omniforge/steps";
import { memoryBlobs, sqliteStore, type TaskRow } from "omniforge/store";
import { scriptedModel, type Script } from "omniforge/testing";

export const tenant = "test";

export interface TestWorld extends StepWorld {
  readonly folder: string;
  /** Creates a task of this agent; it is not started. */
  create(agent: Agent, text?: string): Promise<TaskRow>;
  /** Accepts an input. Waking the engine is the test's. */
  say(reference: TaskReference, input: Input): Promise<void>;
  rowOf(reference: TaskReference): Promise<TaskRow>;
  log(reference: TaskReference): Promise<readonly Entry[]>;
  entries<K extends EntryKind>(reference: TaskReference, kind: K): Promise<readonly EntryOf<K>[]>;
  /** The row once the task has ended. */
  ended(reference: TaskReference, withinMs?: number): Promise<TaskRow>;
  remove(): Promise<void>;
}

export interface WorldOptions {
  readonly script: Script;
  readonly tools?: readonly Tool[];
  /** Another process's folder: the same store. */
  readonly folder?: string;
}

export function createWorld({
  script,
  tools = [],
  folder = mkdtempSync(join(tmpdir(), "omniforge-temporal-")),
}: WorldOptions): TestWorld {
  const store = sqliteStore(join(folder, "omniforge.db"), { durability: "process" });
  const model = scriptedModel(script);
  const world: StepWorld = {
    store,
    blobs: memoryBlobs(),
    tools: createToolRegistry(tools),
    models: { register: () => undefined, has: () => true, get: () => model, list: () => ["scripted:test"] },
    transcripts: createTranscripts(store),
    now: Date.now,
    sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
    nonce: randomUUID,
    publish: () => undefined,
    workspace: folder,
    cancelGraceMs: 500,
  };
  const rowOf = async (reference: TaskReference): Promise<TaskRow> => {
    const row = await store.row(reference);
    if (row === undefined) throw new Error(`there is no task ${reference.task}`);
    return row;
  };
  const log = (reference: TaskReference): Promise<readonly Entry[]> => store.read(reference, 0);
  return {
    ...world,
    folder,
    create: async (agent, text = "do it") =>
      (
        await createTask(world, {
          tenant,
          specs: agent.specSet("scripted:test"),
          engine: "temporal",
          message: { message: userMessage(text) },
        })
      ).row,
    say: async (reference, input) => void (await accept(world, reference, input)),
    rowOf,
    log,
    entries: async <K extends EntryKind>(reference: TaskReference, kind: K) => {
      const all = await log(reference);
      return all.filter((one): one is EntryOf<K> => one.kind === kind);
    },
    ended: (reference, withinMs = 60_000) =>
      until(async () => {
        const row = await rowOf(reference);
        return isTerminal(row.state) ? row : undefined;
      }, withinMs),
    async remove() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An agent over the scripted model. */
export function testAgent(definition: Partial<AgentDefinition> = {}): Agent {
  return defineAgent({ name: "tester", instructions: "Do what the script says.", ...definition });
}

/** Resolves with the first value that is not undefined. */
export async function until<Value>(
  probe: () => Promise<Value | undefined> | Value | undefined,
  withinMs = 110_000,
): Promise<Value> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`it did not happen within ${withinMs} ms`);
    await delay(20);
  }
}
