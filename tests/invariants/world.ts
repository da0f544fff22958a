/** A world of real steps over a real store, and the flaws that may be put into it. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createToolRegistry, defineAgent, type Agent, type AgentDefinition, type Tool } from "omniforge";
import {
  userMessage,
  type Call,
  type Entry,
  type EntryKind,
  type EntryOf,
  type Input,
  type Reply,
  type TaskEvent,
  type TaskReference,
} from "omniforge/protocol";
import * as sound from "omniforge/steps";
import type { Attempt, StepResult, StepWorld, TaskOrder, Transcripts } from "omniforge/steps";
import { memoryBlobs, memoryStore, sqliteStore, type TaskRow, type TaskStore } from "omniforge/store";
import { scriptedModel, type Script } from "omniforge/testing";
import { follow } from "../../packages/omniforge/src/events/follow.ts";
import type { decide } from "../../packages/omniforge/src/store/decide.ts";

const steps = { ...sound, follow };
export type Steps = Pick<
  typeof steps,
  | "accept"
  | "callModel"
  | "callTool"
  | "collectChild"
  | "compact"
  | "createTask"
  | "finish"
  | "follow"
  | "openChild"
  | "settleInputs"
>;

/** What is wrong with a world. */
export interface Flaw {
  readonly rule?: typeof decide;
  readonly store?: (sound: TaskStore) => TaskStore;
  readonly steps?: Partial<Steps>;
  readonly transcripts?: (sound: Transcripts) => Transcripts;
  readonly cancelGraceMs?: number;
}

export interface Setting extends Partial<Omit<AgentDefinition, "name" | "model" | "tools">> {
  readonly script: Script;
  readonly tools?: readonly Tool[];
  readonly cancelGraceMs?: number;
}

export interface World extends StepWorld {
  readonly steps: Steps;
  readonly agent: Agent;
  /** What was announced, in order. */
  readonly events: TaskEvent[];
  /** Moves the world's clock. */
  wait(ms: number): void;
  /** Creates a task that was asked this. */
  begin(text?: string, order?: Partial<TaskOrder>): Promise<TaskRow>;
  attempt(reference: TaskReference, some?: Partial<Attempt>): Attempt;
  /** The reply of a turn, by the model step. */
  model(reference: TaskReference, turn: number): Promise<Reply>;
  /** The calls of a turn, by the model step. */
  calls(reference: TaskReference, turn: number): Promise<readonly Call[]>;
  tool(reference: TaskReference, call: Call, some?: Partial<Attempt>): Promise<StepResult<Call | "done">>;
  settle(reference: TaskReference, calls: readonly Call[]): ReturnType<Steps["settleInputs"]>;
  say(reference: TaskReference, input: Input): ReturnType<Steps["accept"]>;
  rowOf(reference: TaskReference): Promise<TaskRow>;
  log(reference: TaskReference): Promise<readonly Entry[]>;
  of<K extends EntryKind>(reference: TaskReference, kind: K): Promise<readonly EntryOf<K>[]>;
  /** The status and text under a tool step's key; `none` without an outcome. */
  outcome(reference: TaskReference, key: string): Promise<string>;
  close(): Promise<void>;
}

/** Opens a world over SQLite in a folder of its own; over memory where the rule of writing is flawed. */
export function openWorld(setting: Setting, flaw: Flaw = {}): World {
  const { script, tools = [], cancelGraceMs = 1_000, ...definition } = setting;
  const folder = mkdtempSync(join(tmpdir(), "omniforge-invariants-"));
  const opened =
    flaw.rule === undefined
      ? sqliteStore(join(folder, "omniforge.db"), { durability: "process" })
      : memoryStore(flaw.rule);
  const store = flaw.store?.(opened) ?? opened;
  const transcripts = sound.createTranscripts(store);
  const agent = defineAgent({
    instructions: "Test.",
    ...definition,
    name: "tested",
    model: "scripted:test",
    tools,
  });
  const model = scriptedModel(script);
  const events: TaskEvent[] = [];
  let skew = 0;
  const performed: Steps = { ...steps, ...flaw.steps };
  const world: World = {
    store,
    steps: performed,
    agent,
    events,
    blobs: memoryBlobs(),
    tools: createToolRegistry(agent.tools),
    models: { register: () => undefined, has: () => true, get: () => model, list: () => ["scripted:test"] },
    transcripts: flaw.transcripts?.(transcripts) ?? transcripts,
    now: () => Date.now() + skew,
    sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
    nonce: randomUUID,
    publish: (event) => void events.push(event),
    workspace: folder,
    cancelGraceMs: flaw.cancelGraceMs ?? cancelGraceMs,
    wait(ms) {
      skew += ms;
    },
    begin: async (text = "Begin.", order = {}) =>
      (
        await performed.createTask(world, {
          tenant: "acme",
          specs: agent.specSet("scripted:test"),
          engine: "in-process",
          message: { message: userMessage(text) },
          ...order,
        })
      ).row,
    attempt: ({ tenant, task }, some = {}) => ({
      tenant,
      task,
      signal: new AbortController().signal,
      ...some,
    }),
    async model(reference, turn) {
      const result = await performed.callModel(world, world.attempt(reference), turn);
      if (result.kind !== "done")
        throw new Error(`the model step of turn ${turn} is ${JSON.stringify(result)}`);
      return result.value;
    },
    async calls(reference, turn) {
      const reply = await world.model(reference, turn);
      if (reply.kind !== "calls") throw new Error(`turn ${turn} made no calls: ${reply.kind}`);
      return reply.calls;
    },
    tool: (reference, call, some) => performed.callTool(world, world.attempt(reference, some), call),
    settle: (reference, calls) => performed.settleInputs(world, world.attempt(reference), calls),
    say: (reference, input) => performed.accept(world, reference, input),
    async rowOf(reference) {
      const row = await store.row(reference);
      if (row === undefined) throw new Error(`there is no task ${reference.task}`);
      return row;
    },
    log: (reference) => store.read(reference, 0),
    of: async <K extends EntryKind>(reference: TaskReference, kind: K) =>
      (await store.read(reference, 0)).filter((one): one is EntryOf<K> => one.kind === kind),
    async outcome(reference, key) {
      const found = await store.find(reference, key);
      if (found?.kind !== "result") return "none";
      const { status, parts } = found.body;
      return [status, ...parts.flatMap((part) => (part.type === "text" ? part.text : []))].join(": ");
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
