import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createOmniForge, defineAgent, defineTool, inProcess, type OmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { sqliteStore } from "omniforge/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

const each = 25;
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), "omniforge-closing-"));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

/** One opening of the data directory, and what has happened in it. */
interface Opening {
  readonly forge: OmniForge;
  readonly started: Map<string, number>;
  /** Lets what holds go on. */
  readonly release: () => void;
}

const kinds = ["holds", "stops", "thinks", "asks"] as const;

/** Agents in every state that a task can be in: in a tool that ends, in one that must be stopped, in its model, waiting. */
async function open(released: boolean): Promise<Opening> {
  const gate = new AbortController();
  if (released) gate.abort();
  const started = new Map<string, number>();
  const begin = (name: string): void => void started.set(name, (started.get(name) ?? 0) + 1);
  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  const tool = (name: string, needsApproval: boolean): ReturnType<typeof defineTool> =>
    defineTool({
      name,
      description: name,
      parameters: z.object({}),
      effects: name === "holds" ? "once" : "idempotent",
      needsApproval,
      async execute(_given, { signal }) {
        begin(name);
        if (name === "holds") await aborted(gate.signal);
        if (name === "stops" && !released) {
          await aborted(signal);
          signal.throwIfAborted();
        }
        return "done";
      },
    });
  const agents = kinds.map((name) =>
    defineAgent({
      name,
      instructions: "",
      model: `scripted:${name}`,
      tools: name === "thinks" ? [] : [tool(name, name === "asks")],
    }),
  );
  const models = Object.fromEntries(
    kinds.map((name) => [
      `scripted:${name}`,
      scriptedModel(async ({ turn, signal }) => {
        begin(`${name}'s model`);
        if (name === "thinks" && !released) await aborted(signal ?? gate.signal);
        return turn === 1 && name !== "thinks" ? { calls: [{ name }] } : { text: "done" };
      }),
    ]),
  );
  const backend = inProcess({ slots: 200, stopGraceMs: 3_000 });
  const forge = await createOmniForge({ dataDirectory: data, agents, models, backend });
  return { forge, started, release: () => gate.abort() };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}

describe("closing while a hundred tasks run", { timeout: 120_000 }, () => {
  it("lets running steps finish, aborts what does not, counts no death, and all go on at the next opening", async () => {
    const first = await open(false);
    for (const agent of first.forge.agents.values())
      await Promise.all(Array.from({ length: each }, () => first.forge.submit(agent, "go")));
    const waiting = async (): Promise<number> =>
      (await first.forge.list({ states: ["input-required"], limit: 999 })).length;
    const running = ["holds", "stops", "thinks's model"];
    await until(() => running.every((name) => first.started.get(name) === each));
    await until(async () => (await waiting()) === each);
    const closing = first.forge.close();
    first.release();
    await closing;

    // Steps have finished, and no task has gone on to its next one.
    expect(Object.fromEntries(first.started)).toEqual({
      holds: each,
      stops: each,
      "holds's model": each,
      "stops's model": each,
      "thinks's model": each,
      "asks's model": each,
    });
    const store = sqliteStore(join(data, "omniforge.db"));
    expect(await store.executions.owners()).toEqual([]);
    await store.close();

    const second = await open(true);
    const left = await second.forge.list({ states: ["input-required"], limit: 999 });
    for (const { task, pending } of left)
      for (const { id } of pending) await second.forge.respond(task, id, { decision: "approve" });
    await until(
      async () => (await second.forge.list({ states: ["completed"], limit: 999 })).length === 4 * each,
    );
    // What had finished is not done again; what was aborted is.
    expect(Object.fromEntries(second.started)).toEqual({
      stops: each,
      asks: each,
      "holds's model": each,
      "stops's model": each,
      "thinks's model": each,
      "asks's model": each,
    });
    const logs = await Promise.all(
      (await second.forge.list({ limit: 999 })).map(({ task }) => second.forge.log(task)),
    );
    expect(logs.flat().filter(({ kind }) => kind === "recovery")).toEqual([]);
    await second.forge.close();
  });

  it.each(["SIGTERM", "SIGINT"] as const)("is what %s does to a program that closes then", async (signal) => {
    const ledger = join(data, "ledger");
    const start = (...more: string[]): ReturnType<typeof spawn> =>
      spawn(
        process.execPath,
        [
          "--conditions=omniforge:source",
          fileURLToPath(new URL("stopping.ts", import.meta.url)),
          join(data, "data"),
          ledger,
          ...more,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
    const first = start();
    const gone = once(first, "close");
    if (first.stdout !== null) await once(first.stdout, "data");
    first.kill(signal);
    expect(await gone).toEqual([0, null]);
    expect(await once(start("finish"), "close")).toEqual([0, null]);
    const runs = readFileSync(ledger, "utf8").trim().split("\n");
    expect([runs.length, new Set(runs).size]).toEqual([100, 100]);
    const store = sqliteStore(join(data, "data", "omniforge.db"));
    const rows = await store.list({ tenant: "default", limit: 999 });
    expect(rows.map(({ state }) => state)).toEqual(Array.from({ length: 100 }, () => "completed"));
    const logs = await Promise.all(rows.map((row) => store.read(row, 0)));
    expect(logs.flat().filter(({ kind }) => kind === "recovery")).toEqual([]);
    await store.close();
  });
});
