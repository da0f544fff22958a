/**
 * The courses that tasks take on Temporal before their histories are recorded: one for every kind of wait, and some that
 * end. Every text that anybody says, gives or returns has the secret in it: no history may have it.
 */
import { askHumanTool, defineAgent, defineTool, InputRequired, type Agent, type Tool } from "omniforge";
import type { Backend } from "omniforge/backend";
import { stepKey, userMessage, type EntryKind, type TaskReference } from "omniforge/protocol";
import { finish } from "omniforge/steps";
import type { Conversation, Script, ScriptedReply } from "omniforge/testing";
import { until, type TestWorld } from "../temporal/world.ts";

export const secret = "SECRET-7c1e";
/** Signals that carry an input by hand do say something: that is what they are for. */
export const spoken = "spoken by hand";

/** One task that is under way. */
export interface Stage {
  readonly world: TestWorld;
  readonly backend: Backend;
  readonly task: TaskReference;
  readonly signal: (name: string, input: unknown) => Promise<void>;
  /** Back to the end of the first workflow task. */
  readonly reset: () => Promise<void>;
  /** How many events of this type the current run has. */
  readonly events: (type: string) => Promise<number>;
}

export interface Course {
  readonly agent: Agent;
  readonly tools: readonly Tool[];
  readonly script: Script;
  /** Until the task stands where its history is recorded. */
  readonly play: (stage: Stage) => Promise<unknown>;
}

type ToolMore = Partial<Parameters<typeof defineTool>[0]>;

const tool = (name: string, more: ToolMore = {}): Tool =>
  defineTool({
    name,
    description: secret,
    parameters: { type: "object", properties: { text: { type: "string" } } },
    effects: "none",
    execute: () => `${secret} of ${name}`,
    ...more,
  });

const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")));
  });

const look = tool("look");
const send = tool("send", { needsApproval: true, effects: "once" });
/** Runs until it is told to stop. */
const stall = tool("stall", { execute: (_given, { signal }) => untilAborted(signal) });
/** Runs on, whatever it is told. */
const deaf = tool("deaf", { execute: () => untilAborted(undefined) });
const forever = { maximumAttempts: 3, initialIntervalMs: 3_600_000, maximumIntervalMs: 3_600_000 };
const flaky = tool("flaky", {
  effects: "idempotent",
  retry: forever,
  execute: () => {
    throw new Error(secret);
  },
});
const form = tool("form", {
  execute(_given, { answers }) {
    if (answers.length === 0) throw new InputRequired(secret);
    return secret;
  },
});
const letter = tool("print", { execute: () => `${secret} `.repeat(2_000) });

const calls = (...names: readonly string[]): ScriptedReply => ({
  calls: names.map((name) => ({
    name,
    arguments: name === "helper" ? { message: secret } : { text: secret },
  })),
});
const asks: ScriptedReply = { calls: [{ name: "ask_human", arguments: { question: secret } }] };
const ends: ScriptedReply = { text: secret };

/** These replies, one after the other; then the end. */
const replies =
  (...all: readonly ScriptedReply[]): Script =>
  ({ turn }) =>
    all[turn - 1] ?? ends;

const first = stepKey(1, "tool", 0);
const approve = { decision: "approve" } as const;

const has =
  (kind: EntryKind, count = 1) =>
  ({ world, task }: Stage): Promise<true> =>
    until(async () => (await world.entries(task, kind)).length >= count || undefined);

/** A sub-agent's task is not there from the beginning. */
const parked = ({ world, task }: Stage): Promise<true> =>
  until(async () => {
    const row = await world.store.row(task);
    return (row !== undefined && row.parkedAtWakes !== null) || undefined;
  });

/** Parked in a run that continues another. */
const parkedAnew = ({ world, task }: Stage): Promise<true> =>
  until(async () => {
    const { parkedAtWakes, firstRun, currentRun } = await world.rowOf(task);
    return (parkedAtWakes !== null && currentRun !== firstRun) || undefined;
  });

const ended = ({ world, task }: Stage): Promise<unknown> => world.ended(task);

async function answer({ world, backend, task }: Stage, request = first): Promise<void> {
  await world.say(task, { kind: "answer", request, answer: { decision: "answer", value: secret } });
  await backend.wake(task);
}

async function allow({ world, backend, task }: Stage): Promise<void> {
  await world.say(task, { kind: "answer", request: first, answer: approve });
  await backend.wake(task);
}

async function cancel({ world, backend, task }: Stage): Promise<void> {
  await world.say(task, { kind: "cancel", id: "stop", reason: secret });
  await backend.cancel(task);
}

type Definition = Partial<Parameters<typeof defineAgent>[0]>;

function course(
  tools: readonly Tool[],
  script: Script,
  play: Course["play"],
  definition: Definition = {},
): Course {
  const agent = defineAgent({ name: "golden", instructions: secret, tools: [...tools], ...definition });
  return { agent, tools, script, play };
}

const helper = (tools: readonly Tool[]): Agent =>
  defineAgent({ name: "helper", instructions: secret, tools: [...tools] });

/** What the helper is told is what it goes by: the task itself is told more. */
const isHelper = ({ said }: Conversation): boolean => said[0] === secret;

const family = (helperSays: Script, play: Course["play"], helpers: readonly Tool[]): Course => {
  const script: Script = (conversation) =>
    isHelper(conversation) ? helperSays(conversation) : replies(calls("look", "helper"))(conversation);
  return {
    ...course([look], script, play, { agents: [helper(helpers)] }),
    tools: [...new Set([look, ...helpers])],
  };
};

const childOf = (stage: Stage): Stage => ({
  ...stage,
  task: { tenant: stage.task.tenant, task: `${stage.task.task}.1.1` },
});

const long: Definition = { limits: { turns: 100 } };

export const courses: Readonly<Record<string, Course>> = {
  "model-running": course(
    [],
    async ({ signal }) => untilAborted(signal),
    async ({ events }) => {
      await until(async () => (await events("activityTaskScheduled")) === 1 || undefined);
    },
  ),
  "model-backing-off": course(
    [],
    () => ({ fail: { status: 529, message: secret, retryAfterMs: 3_600_000 } }),
    has("attempt"),
    { modelRetry: forever },
  ),
  "model-refused": course([], () => ({ fail: { status: 400, message: secret } }), ended),
  "tools-running": course([look, stall], replies(calls("look", "look", "stall", "look")), has("result", 3)),
  "tool-backing-off": course([look, flaky], replies(calls("look", "flaky")), async (stage) => {
    await has("attempt")(stage);
    await has("result")(stage);
  }),
  "tool-on-a-queue": course(
    [tool("there", { queue: "nobody" })],
    replies(calls("there")),
    async ({ events }) => {
      await until(async () => (await events("activityTaskScheduled")) === 2 || undefined);
    },
  ),
  /** More than run at once. */
  "many-calls": course([look], replies(calls(...Array.from({ length: 34 }, () => "look"))), ended),
  "waiting-approval": course([look, send], replies(calls("send", "look", "send")), parked),
  approved: course([look, send], replies(calls("send", "look")), async (stage) => {
    await parked(stage);
    await allow(stage);
    await ended(stage);
  }),
  "waiting-deadline": course(
    [tool("send", { needsApproval: true, deadlineMs: 3_600_000 })],
    replies(calls("send")),
    parked,
  ),
  "deadline-passed": course(
    [tool("send", { needsApproval: true, deadlineMs: 400 })],
    replies(calls("send")),
    ended,
  ),
  "waiting-question": course([askHumanTool], replies(asks), async (stage) => {
    await parked(stage);
    const { world, backend, task, events } = stage;
    await world.say(task, { kind: "message", id: "also", message: userMessage(secret) });
    await backend.wake(task);
    await until(async () => (await events("activityTaskCompleted")) === 3 || undefined);
    await parked(stage);
  }),
  "waiting-input": course([form], replies(calls("form")), parked),
  "input-given": course([form], replies(calls("form")), async (stage) => {
    await parked(stage);
    const [asked] = await stage.world.entries(stage.task, "request");
    await answer(stage, asked?.body.id);
    await ended(stage);
  }),
  "waiting-limit": course([look], replies(calls("look")), parked, { limits: { turns: 1, atLimit: "ask" } }),
  "limit-reached": course([look], replies(calls("look")), ended, { limits: { turns: 1 } }),
  "waiting-child": family(
    replies(asks),
    async (stage) => {
      await parked(childOf(stage));
      await parked(stage);
    },
    [askHumanTool],
  ),
  "child-ended": family(replies(calls("look")), ended, [look]),
  cancelling: course([look, deaf], replies(calls("look", "deaf")), async (stage) => {
    await has("result")(stage);
    await cancel(stage);
    await until(async () => (await stage.events("activityTaskCancelRequested")) === 1 || undefined);
  }),
  "canceled-with-child": family(
    replies(calls("stall")),
    async (stage) => {
      const child = childOf(stage);
      await until(async () => (await child.world.store.row(child.task))?.turn === 1 || undefined);
      await cancel(stage);
      await ended(stage);
    },
    [stall],
  ),
  "canceled-while-parked": course([send], replies(calls("send")), async (stage) => {
    await parked(stage);
    await cancel(stage);
    await ended(stage);
  }),
  compacting: course(
    [letter],
    async ({ tools, signal }) => (tools.length === 0 ? untilAborted(signal) : calls("print")),
    async ({ events }) => {
      await until(async () => (await events("activityTaskScheduled")) === 4 || undefined);
    },
    { compactAtTokens: 4_000 },
  ),
  compacted: course(
    [letter],
    ({ tools, said }) =>
      tools.length === 0 || said[0]?.startsWith("What happened before") === true ? ends : calls("print"),
    ended,
    { compactAtTokens: 4_000 },
  ),
  "parked-anew": course(
    [look, askHumanTool],
    ({ turn }) => (turn < 10 ? calls("look") : asks),
    parkedAnew,
    long,
  ),
  "parked-anew-and-answered": course(
    [look, askHumanTool],
    ({ turn }) => (turn === 10 ? asks : turn < 13 ? calls("look") : ends),
    async (stage) => {
      await parkedAnew(stage);
      await answer(stage, stepKey(10, "tool", 0));
      await ended(stage);
    },
    long,
  ),
  "continued-when-long": course([look], ({ turn }) => (turn < 45 ? calls("look") : ends), ended, long),
  "answered-by-hand": course([askHumanTool], replies(asks), async (stage) => {
    await parked(stage);
    await stage.signal("provide_human_input", "nothing that could be one");
    await stage.signal("provide_human_input", "x".repeat(3_000));
    const value = { decision: "answer", value: spoken };
    await stage.signal("provide_human_input", { kind: "answer", request: first, answer: value });
    await ended(stage);
  }),
  reset: course([look, send], replies(calls("send", "look")), async (stage) => {
    await parked(stage);
    const { firstRun } = await stage.world.rowOf(stage.task);
    await stage.reset();
    await until(async () => (await stage.world.rowOf(stage.task)).currentRun !== firstRun || undefined);
    await until(async () => (await stage.events("activityTaskCompleted")) === 2 || undefined);
  }),
  "ended-in-the-log": course([send], replies(calls("send")), async (stage) => {
    await parked(stage);
    const { world, backend, task, events } = stage;
    const attempt = { ...task, signal: new AbortController().signal };
    await finish(world, attempt, 1, { kind: "failed", code: "ENGINE_CLOSED" });
    await backend.wake(task);
    await until(async () => (await events("workflowExecutionCompleted")) === 1 || undefined);
  }),
};

/** Those that are recorded once more on a server that knows the search attributes: their workflows keep the state there. */
export const labelled: readonly string[] = [
  "waiting-approval",
  "approved",
  "deadline-passed",
  "waiting-child",
  "child-ended",
  "canceled-while-parked",
  "parked-anew-and-answered",
];
