/** The wall clock jumps by hours, while the engine runs and while it does not: nothing is lost, repeated or stuck. */
import {
  createOmniForge,
  defineAgent,
  defineTool,
  inProcess,
  type OmniForge,
  type OmniForgeOptions,
} from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";
import { act, callsAct, inFolder, until } from "./beside.ts";

const hours = 3_600_000;
const jumps = [
  ["back", -6 * hours],
  ["forward", 6 * hours],
] as const;
const patience = { timeout: 90_000 };

interface Clock {
  ahead: number;
}

/** An engine whose wall clock is ours; its timers run on real time. */
function open(folder: string, clock: Clock, script: Script, some: OmniForgeOptions = {}): Promise<OmniForge> {
  return createOmniForge({
    dataDirectory: folder,
    durability: "process",
    models: { "clocked:test": scriptedModel(script) },
    backend: (world, options) =>
      inProcess({ beatMs: 100 })(Object.assign(world, { now: () => Date.now() + clock.ahead }), options),
    ...some,
  });
}

const agentOf = (tools: readonly ReturnType<typeof act>[]) =>
  defineAgent({
    name: "clocked",
    instructions: "Do.",
    model: "clocked:test",
    tools: [...tools],
    modelRetry: backoff,
  });
/** Longer than what is waited for in memory, so that the task parks. */
const backoff = { maximumAttempts: 3, initialIntervalMs: 1_500, maximumIntervalMs: 3_000 };

async function ended(forge: OmniForge, task: string): Promise<string> {
  await until(async () => ["completed", "failed"].includes((await forge.get(task)).state), "it has ended");
  return (await forge.get(task)).state;
}
/** A log whose times never go back, and in which nobody died. */
async function soundLog(forge: OmniForge, task: string) {
  const log = await forge.log(task);
  const times = log.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(log.filter(isKind("recovery"))).toEqual([]);
  return log;
}

describe.each(jumps)("a clock that goes %s by six hours", (_way, by) => {
  it.each(["while it runs", "between two runs"])("during a model's backoff, %s", patience, (when) =>
    inFolder(async (folder) => {
      const clock = { ahead: 0 };
      let called = 0;
      const script: Script = () => (++called === 1 ? { fail: { status: 503 } } : { text: "done" });
      let forge = await open(folder, clock, script);
      const { task } = await forge.submit(agentOf([]), "go");
      await until(async () => (await forge.log(task)).some(isKind("attempt")), "an attempt has failed");
      if (when === "between two runs") {
        await forge.close();
        clock.ahead = by;
        forge = await open(folder, clock, script);
      } else clock.ahead = by;
      expect(await ended(forge, task)).toBe("completed");
      expect((await soundLog(forge, task)).filter(isKind("attempt"))).toHaveLength(1);
      expect(called).toBe(2);
      await forge.close();
    }),
  );

  it("during a tool's backoff", patience, () =>
    inFolder(async (folder) => {
      const clock = { ahead: 0 };
      let called = 0;
      const tool = act(
        () => {
          if (++called === 1) throw new Error("not now");
          return "acted";
        },
        { retry: backoff },
      );
      const forge = await open(folder, clock, callsAct);
      const { task } = await forge.submit(agentOf([tool]), "go");
      await until(async () => (await forge.log(task)).some(isKind("attempt")), "an attempt has failed");
      clock.ahead = by;
      expect(await ended(forge, task)).toBe("completed");
      const log = await soundLog(forge, task);
      expect(log.filter(isKind("result")).map(({ body }) => body.status)).toEqual(["result"]);
      expect(called).toBe(2);
      await forge.close();
    }),
  );

  it("while a person is asked: the deadline goes by the clock, and the answer counts once", patience, () =>
    inFolder(async (folder) => {
      const clock = { ahead: 0 };
      let called = 0;
      const tool = act(() => `acted ${++called}`, { needsApproval: true, deadlineMs: hours });
      const forge = await open(folder, clock, callsAct);
      const { task } = await forge.submit(agentOf([tool]), "go");
      const asked = async () => (await forge.get(task)).state === "input-required";
      await until(asked, "it asks");
      clock.ahead = by;
      const [request] = (await forge.log(task)).filter(isKind("request"));
      if (by < 0) {
        // Time for the engine to notice the clock: the approval stays open all the same.
        await delay(500);
        if (!(await asked())) throw new Error("the clock went back, and it no longer asks");
        await forge.respond(task, request?.body.id ?? "", { decision: "approve" });
      }
      expect(await ended(forge, task)).toBe("completed");
      const log = await soundLog(forge, task);
      expect(log.filter(isKind("input")).map(({ body }) => body.outcome)).toEqual([
        by < 0 ? "answered" : "expired",
      ]);
      expect(log.filter(isKind("result"))).toHaveLength(1);
      expect(called).toBe(by < 0 ? 1 : 0);
      await forge.close();
    }),
  );

  it("in one process only does not take the tasks of another that lives", patience, () =>
    inFolder(async (folder) => {
      const [mine, others] = [{ ahead: 0 }, { ahead: 0 }];
      const gate = Promise.withResolvers<string>();
      let called = 0;
      const tool = defineTool({
        name: "act",
        description: "Acts.",
        parameters: { type: "object" },
        execute() {
          called++;
          return gate.promise;
        },
      });
      const agent = agentOf([tool]);
      const holder = await open(folder, others, callsAct);
      const { task } = await holder.submit(agent, "go");
      await until(() => called === 1, "the tool runs");
      const beside = await open(folder, mine, callsAct, { agents: [agent] });
      mine.ahead = by;
      // Several of its looks at who lives; the holder beats as often.
      await delay(1_000);
      gate.resolve("acted");
      expect(await ended(holder, task)).toBe("completed");
      const log = await soundLog(holder, task);
      expect(log.filter(isKind("result")).map(({ body }) => body.status)).toEqual(["result"]);
      expect(called).toBe(1);
      await Promise.all([beside.close(), holder.close()]);
    }),
  );
});
