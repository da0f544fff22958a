/** P2, P4 and P5 with an engine: what waits costs nothing, and what was lost between log and engine is told again. */
import { inProcess } from "omniforge";
import { reconcile, type Backend, type EngineState } from "omniforge/backend";
import type { TaskReference } from "omniforge/protocol";
import { describe } from "vitest";
import { decide } from "../../packages/omniforge/src/store/decide.ts";
import { showing, type Rule } from "./flaws.ts";
import { invariant } from "./invariant.ts";
import { answering, asking } from "./scripts.ts";
import { watched } from "./tools.ts";
import type { World } from "./world.ts";

const quick = { pollMs: 5, beatMs: 20 } as const;

/** The state that the task is in once it is this one, or after two seconds. */
async function stateOnce(world: World, row: TaskReference, state: string): Promise<string> {
  for (let waited = 0; waited < 400 && (await world.rowOf(row)).state !== state; waited++)
    await world.sleep(5);
  return (await world.rowOf(row)).state;
}

async function parked(world: World, row: TaskReference): Promise<boolean> {
  for (let waited = 0; waited < 200; waited++) {
    const { parkedAtWakes, owner } = await world.rowOf(row);
    if (parkedAtWakes !== null && owner === null) return true;
    await world.sleep(5);
  }
  return false;
}

const sleeping: Rule = (commit, facts) => {
  const decision = decide(commit, facts);
  return decision.write === undefined
    ? decision
    : { ...decision, write: { ...decision.write, wakes: false } };
};

describe("P2", () => {
  invariant(
    "an answer given while nothing runs is taken by the process that starts next",
    { "answers do not wake": { rule: sleeping } },
    async ({ open, expect }) => {
      const act = watched(() => "done", { needsApproval: true });
      const world = open({ script: asking({ name: "act" }), tools: [act.tool] });
      const row = await world.begin();
      const one = await inProcess(quick)(world, { work: true });
      expect(await stateOnce(world, row, "input-required")).toBe("input-required");
      expect(await parked(world, row)).toBe(true);
      await one.close();
      await world.say(row, { kind: "answer", request: "1/tool/0", answer: { decision: "approve" } });
      const two = await inProcess(quick)(world, { work: true });
      const state = await stateOnce(world, row, "completed");
      await two.close();
      expect([state, act.runs.length]).toEqual(["completed", 1]);
    },
  );

  invariant(
    "wakes may be lost or doubled",
    { "answers do not wake": { rule: sleeping } },
    async ({ open, expect }) => {
      const act = watched(() => "done", { needsApproval: true });
      const world = open({ script: asking({ name: "act" }), tools: [act.tool] });
      const backend = await inProcess(quick)(world, { work: true });
      const states: string[] = [];
      for (const wakes of [0, 5]) {
        const row = await world.begin();
        await backend.start(row);
        await parked(world, row);
        await world.say(row, { kind: "answer", request: "1/tool/0", answer: { decision: "approve" } });
        // A lost wake costs the time until somebody looks; here, until another task is started.
        if (wakes === 0) await backend.start(await world.begin());
        for (let wake = 0; wake < wakes; wake++) await backend.wake(row);
        states.push(await stateOnce(world, row, "completed"));
      }
      await backend.close();
      expect([...states, act.runs.length]).toEqual(["completed", "completed", 2]);
    },
  );
});

describe("P4", () => {
  invariant(
    "a task that waits for a person holds no slot and no memory: others run in its place",
    {
      "what is parked is not given up": {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            release: () => Promise.resolve(),
            ownedBy: () => Promise.resolve([]),
          },
        }),
      },
    },
    async ({ open, expect }) => {
      const act = watched(() => "done", { needsApproval: true, deadlineMs: 3_600_000 });
      const world = open({
        script: ({ said, turn }) =>
          said[0] === "ask" && turn === 1 ? { calls: [{ name: "act" }] } : { text: "Done." },
        tools: [act.tool],
      });
      const backend = await inProcess({ ...quick, slots: 1, tasks: 1 })(world, { work: true });
      const waiting = await Promise.all(Array.from({ length: 5 }, () => world.begin("ask")));
      const busy = await world.begin("answer");
      await backend.start(busy);
      const state = await stateOnce(world, busy, "completed");
      const rests = await Promise.all(waiting.map((row) => parked(world, row)));
      await backend.close();
      expect(state).toBe("completed");
      expect(rests).toEqual([true, true, true, true, true]);
    },
  );

  invariant(
    "a task in backoff holds no slot either, and goes on when it is due",
    {
      "due tasks are not looked for": {
        store: (sound) => ({
          ...sound,
          executions: { ...sound.executions, nextDue: () => Promise.resolve(undefined) },
        }),
      },
    },
    async ({ open, expect }) => {
      let failing = true;
      const world = open({
        script: () => (failing ? { fail: { status: 503 } } : { text: "Done." }),
        modelRetry: { initialIntervalMs: 1_200, maximumAttempts: 5 },
      });
      const row = await world.begin();
      const backend = await inProcess(quick)(world, { work: true });
      const rests = await parked(world, row);
      const { nextAt } = await world.rowOf(row);
      failing = false;
      const state = await stateOnce(world, row, "completed");
      await backend.close();
      expect([rests, nextAt === null, state]).toEqual([true, false, "completed"]);
    },
  );
});

/** An engine that says this of every task, and notes what it is told. */
function engine(says: EngineState): Backend & { readonly told: string[] } {
  const told: string[] = [];
  const note = (what: string) => (_task: TaskReference) => {
    told.push(what);
    return Promise.resolve();
  };
  return {
    name: "temporal",
    told,
    start: note("start"),
    wake: note("wake"),
    cancel: note("cancel"),
    describe: () => Promise.resolve(says),
    isAnyoneWorking: () => Promise.resolve(true),
    forget: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

const stop = (error: unknown): never => {
  throw error;
};

describe("P5", () => {
  const begun = async (world: World) => world.begin("Begin.", { engine: "temporal" });

  invariant(
    "a task that was never started is started",
    {
      "it seems to have been started": {
        store: showing((row) => ({ ...row, firstRun: "run-1" })),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await begun(world);
      world.wait(5_000);
      const backend = engine("not-found");
      await reconcile(world, backend, 1_000, stop);
      expect([backend.told, (await world.rowOf(row)).state]).toEqual([["start"], "submitted"]);
    },
  );

  invariant(
    "a task that its engine has closed, or lost, gets its terminal entry",
    {
      "unfinished tasks are not looked at": {
        store: (sound) => ({
          ...sound,
          executions: { ...sound.executions, unfinished: () => Promise.resolve([]) },
        }),
      },
    },
    async ({ open, expect }) => {
      for (const says of ["closed", "not-found"] as const) {
        const world = open({ script: answering });
        const row = await begun(world);
        await world.store.executions.recordRun(row, "run-1");
        world.wait(5_000);
        await reconcile(world, engine(says), 1_000, stop);
        expect((await world.of(row, "ended")).map(({ body }) => body.error?.code)).toEqual(["ENGINE_CLOSED"]);
      }
    },
  );

  invariant(
    "an ended task is left alone, and so is one that runs or was written to just now",
    {
      "ends are not seen": {
        store: (sound) =>
          showing((row) => ({ ...row, endedSeq: null }))({
            ...sound,
            executions: {
              ...sound.executions,
              unfinished: async () =>
                (await sound.list({ tenant: "acme", limit: 9 })).map((row) => ({ ...row, endedSeq: null })),
            },
          }),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const ended = await begun(world);
      await world.model(ended, 1);
      await world.steps.finish(world, world.attempt(ended), 1, { kind: "completed" });
      const fresh = await begun(world);
      const backend = engine("not-found");
      await reconcile(world, backend, 1_000, stop);
      world.wait(5_000);
      const running = engine("running");
      await reconcile(world, running, 1_000, stop);
      expect([backend.told, running.told]).toEqual([[], []]);
      expect((await world.rowOf(fresh)).state).toBe("submitted");
    },
  );

  invariant(
    "a task that can't be reconciled keeps no other from it, and neither do many that wait",
    {
      "the first are looked at again and again": {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            unfinished: (name, before, limit) => sound.executions.unfinished(name, before, limit),
          },
        }),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const damaged = await begun(world);
      for (let count = 0; count < 500; count++) await begun(world);
      world.wait(1);
      const lost = await begun(world);
      world.wait(5_000);
      const sound = engine("running");
      const backend: Backend = {
        ...sound,
        describe: ({ task }) =>
          task === damaged.task
            ? Promise.reject(new Error("it is damaged"))
            : Promise.resolve(task === lost.task ? "not-found" : "running"),
      };
      const errors: unknown[] = [];
      const note = (error: unknown): void => void errors.push(error);
      const after = await reconcile(world, backend, 1_000, note);
      await reconcile(world, backend, 1_000, note, after);
      expect([sound.told, errors.map(String)]).toEqual([["start"], ["Error: it is damaged"]]);
    },
  );

  invariant(
    "a cancel that did not reach a running task is told again, and a lost wake too",
    {
      "nothing is found": {
        store: (sound) => ({
          ...sound,
          executions: {
            ...sound.executions,
            unfinished: () => Promise.resolve([]),
            unwoken: () => Promise.resolve([]),
          },
        }),
      },
    },
    async ({ open, expect }) => {
      const world = open({ script: answering });
      const row = await begun(world);
      await world.store.executions.park(row, { wakes: row.wakes });
      await world.say(row, { kind: "cancel", id: "stop" });
      world.wait(5_000);
      const backend = engine("running");
      await reconcile(world, backend, 1_000, stop);
      expect(backend.told).toEqual(["wake", "cancel"]);
    },
  );
});
