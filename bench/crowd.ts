/**
 * Many tasks: throughput on a table that is large already, the event loop's delay, how soon a cancel is felt, and how soon
 * what was unfinished runs again.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { sqliteStore } from "omniforge/store";
import { defineAgent, defineTool } from "omniforge";
import { agentOf, call, open, promptModel, untilAllEnded } from "./engine.ts";
import { resultText, type Work } from "./work.ts";

/** Puts so many entries into the store: results of 1 KiB, in logs of 2,000. */
export async function fill({ directory }: Work, entries: number): Promise<void> {
  const store = sqliteStore(join(directory, "omniforge.db"), { durability: "process" });
  const tenant = "default";
  const tasks = Math.ceil(entries / 2_000);
  await Promise.all(
    Array.from({ length: tasks }, async (_, number) => {
      const task = `old_${number}`;
      const at = Date.now();
      await store.create({
        tenant,
        task,
        agent: "old",
        specs: { hash: "none", set: { v: 1, root: "old", agents: {} } },
        engine: "temporal",
        limits: { turns: 1, atLimit: "fail", depth: 0, children: 0 },
        loopVersion: 1,
        root: task,
        depth: 0,
        message: { id: "first", message: { v: 1, role: "user", parts: [{ type: "text", text: "go" }] } },
        at,
      });
      // Without keys: these are looked up by nobody.
      const results = Array.from({ length: 1_000 }, (__, turn) => ({
        kind: "result" as const,
        body: { name: "look", status: "result" as const, parts: [text(turn)] },
      }));
      await store.commit({ tenant, task, at, entries: results });
      await store.commit({ tenant, task, at, entries: results });
    }),
  );
  await store.close();
}

const text = (turn: number): { type: "text"; text: string } => ({ type: "text", text: resultText(turn) });

/** p99 of the event loop's delay, in milliseconds, while so many tasks wait for a model that takes 50 ms. */
export async function loopDelay(work: Work, tasks: number): Promise<number> {
  const forge = await open(
    work,
    promptModel(work.turns, () => undefined, 50),
  );
  await Promise.all(Array.from({ length: tasks }, () => forge.submit(agentOf(work.turns), "go")));
  await setTimeout(200);
  // A histogram of timers that should fire every millisecond: what is above that is delay.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await untilAllEnded(forge, tasks);
  delay.disable();
  await forge.close();
  return delay.percentile(99) / 1e6 - 1;
}

/** From `cancel` to the model call's abort, in milliseconds, each of so many tasks in turn. */
export async function cancelDelays(work: Work, times: number): Promise<readonly number[]> {
  const heard = Promise.withResolvers<void>();
  let aborted = heard;
  const seen = { calls: 0 };
  const model = promptModel(1, () => undefined);
  const deaf: typeof model = {
    ...model,
    doStream({ abortSignal }) {
      seen.calls++;
      abortSignal?.addEventListener("abort", () => aborted.resolve(), { once: true });
      return new Promise(() => undefined);
    },
  };
  const forge = await open(work, deaf);
  const delays: number[] = [];
  for (let time = 1; time <= times; time++) {
    const { task } = await forge.submit(agentOf(2), "go");
    while (seen.calls < time) await setTimeout(1);
    aborted = Promise.withResolvers<void>();
    const start = performance.now();
    await forge.cancel(task);
    await aborted.promise;
    delays.push(performance.now() - start);
  }
  await forge.close();
  return delays;
}

/** From `cancel` to the abort signal of the tool that runs, in milliseconds, each of so many tasks in turn. */
export async function toolCancelDelays(work: Work, times: number): Promise<readonly number[]> {
  let runs = Promise.withResolvers<void>();
  let aborted = Promise.withResolvers<void>();
  const wait = defineTool({
    name: "wait",
    description: "Waits to be aborted",
    parameters: { type: "object", properties: {}, additionalProperties: false },
    effects: "none",
    execute: (_, { signal }) =>
      new Promise<string>((resolve) => {
        signal.addEventListener(
          "abort",
          () => {
            aborted.resolve();
            resolve("aborted");
          },
          { once: true },
        );
        runs.resolve();
      }),
  });
  const model = promptModel(1, () => undefined);
  const waiting = {
    ...model,
    doStream: () => Promise.resolve({ stream: ReadableStream.from(call("wait", {})) }),
  };
  const forge = await open(work, waiting);
  const agent = defineAgent({ name: "bench", instructions: "Wait.", model: "bench:model", tools: [wait] });
  const delays: number[] = [];
  for (let time = 0; time < times; time++) {
    [runs, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { task } = await forge.submit(agent, "go");
    await runs.promise;
    const start = performance.now();
    await forge.cancel(task);
    await aborted.promise;
    delays.push(performance.now() - start);
  }
  await forge.close();
  return delays;
}

/** From opening to the next model call of a task that was stopped in the middle, in milliseconds. */
export async function resumes(work: Work): Promise<number> {
  const half = Promise.withResolvers<void>();
  let calls = 0;
  const first = await open(
    work,
    promptModel(work.turns + 2, () => ++calls > work.turns && half.resolve()),
  );
  await first.submit(agentOf(work.turns + 2), "go");
  await half.promise;
  await first.close();
  const called = Promise.withResolvers<void>();
  const start = performance.now();
  const second = await open(
    work,
    promptModel(work.turns, () => called.resolve()),
  );
  await called.promise;
  const took = performance.now() - start;
  await second.close();
  return took;
}
