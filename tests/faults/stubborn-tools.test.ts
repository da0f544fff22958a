/** Tools that never return, ignore their signal, or return more than anybody wants. */
import { createOmniForge, defineAgent, inProcess, type Agent, type OmniForge, type Tool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";
import { describe, expect, it } from "vitest";
import { act, beside, callsAct, inFolder, until } from "./beside.ts";

const never = (): Promise<never> => new Promise(() => undefined);

describe("a tool that never returns and ignores its signal", () => {
  it("is over when its time is over, and the model is told", async () => {
    const { state, results } = await beside({ tools: [act(never, { timeoutMs: 100 })] });
    expect(state).toBe("completed");
    expect(results.map(({ body }) => [body.status, body.error?.code])).toEqual([["timeout", "TOOL_TIMEOUT"]]);
  });

  it("of class once is unknown when its time is over: it may have happened", async () => {
    const { state, results } = await beside({ tools: [act(never, { timeoutMs: 100, effects: "once" })] });
    expect(state).toBe("completed");
    expect(results.map(({ body }) => [body.status, body.error?.code])).toEqual([["unknown", "TOOL_TIMEOUT"]]);
  });

  it("holds up a cancel for its grace time, and no longer", () =>
    inFolder(async (folder) => {
      let runs = 0;
      const { forge, agent } = await open(
        folder,
        act(() => {
          runs++;
          return never();
        }),
      );
      const { task } = await forge.submit(agent, "Begin.");
      await until(() => runs > 0, "the tool runs");
      await forge.cancel(task);
      await until(async () => (await forge.get(task)).state === "canceled", "the task is canceled");
      const results = (await forge.log(task)).filter(isKind("result"));
      await forge.close();
      expect(results.map(({ body }) => body.status)).toEqual(["canceled"]);
    }));

  it("holds up a graceful close for two grace times, and no longer", () =>
    inFolder(async (folder) => {
      const { forge, agent } = await open(folder, act(never));
      const { task } = await forge.submit(agent, "Begin.");
      await until(async () => (await forge.get(task)).state === "working", "the task runs");
      await forge.close();
      const { forge: successor } = await open(
        folder,
        act(() => "quick"),
      );
      await until(async () => (await successor.get(task)).state === "completed", "its successor finishes");
      const kinds = (await successor.log(task)).map(({ kind }) => kind);
      await successor.close();
      expect(kinds).not.toContain("recovery");
    }));
});

describe("a tool that returns 100 MB", () => {
  const most = 100 * 1024 * 1024;

  it.each<[string, () => string | { much: string }]>([
    ["of text", () => "x".repeat(most)],
    ["in a value", () => ({ much: "x".repeat(most) })],
  ])("%s has them kept beside the log, which holds the start of them", async (_how, output) => {
    const { state, text, log, bytes } = await beside({ tools: [act(output)] });
    expect(state).toBe("completed");
    expect(JSON.stringify(log).length).toBeLessThan(50_000);
    expect(text).toMatch(/the first 4096 of 1048\d+ characters/);
    expect(bytes).toBeGreaterThan(most);
  });

  it("has failed where nobody could keep it", async () => {
    const { state, results, bytes } = await beside({ tools: [act(() => "x".repeat(300_000_000))] });
    expect(state).toBe("completed");
    expect(results[0]?.body.error?.message).toMatch(/300000000 characters: at most 268435456/);
    expect(bytes).toBeLessThan(5_000_000);
  });
});

interface Opened {
  readonly forge: OmniForge;
  readonly agent: Agent;
}

async function open(folder: string, tool: Tool): Promise<Opened> {
  const forge = await createOmniForge({
    dataDirectory: folder,
    durability: "process",
    tools: [tool],
    models: { "scripted:test": scriptedModel(callsAct) },
    backend: inProcess({ stopGraceMs: 50 }),
  });
  const agent = defineAgent({ name: "stubborn", instructions: "Do.", model: "scripted:test", tools: [tool] });
  return { forge, agent };
}
