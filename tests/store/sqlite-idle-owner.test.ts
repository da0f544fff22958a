import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createToolRegistry, defineAgent, defineTool, inProcess } from "omniforge";
import { userMessage, type TaskReference } from "omniforge/protocol";
import { createTask, createTranscripts, type StepWorld } from "omniforge/steps";
import { memoryBlobs, sqliteStore } from "omniforge/store";
import { scriptedModel } from "omniforge/testing";
import { afterAll, expect, it } from "vitest";
import { folder } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

/** One process of several on a database: a store and an engine of its own. */
function place(path: string, look: (reference: TaskReference) => Promise<string>): StepWorld {
  const store = sqliteStore(path, { durability: "process" });
  const tool = defineTool({
    name: "look",
    description: "Looks.",
    parameters: { type: "object" },
    effects: "none",
    execute: (_parameters, { tenant, task }) => look({ tenant, task }),
  });
  const model = scriptedModel(({ turn }) => (turn === 1 ? { calls: [{ name: "look" }] } : { text: "Done." }));
  return {
    store,
    blobs: memoryBlobs(),
    tools: createToolRegistry([tool]),
    models: { register: () => undefined, has: () => true, get: () => model, list: () => [] },
    transcripts: createTranscripts(store),
    now: Date.now,
    sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
    nonce: randomUUID,
    publish: () => undefined,
    workspace: ".",
    cancelGraceMs: 100,
  };
}

it("a process that was idle for longer than its lease is known to hold what it then takes", async () => {
  const path = databases.path("idle.db");
  const watcher = place(path, () => Promise.resolve(""));
  const seen: { readonly owner: string | null; readonly known: boolean }[] = [];
  const worker = place(path, async (reference) => {
    const owner = (await watcher.store.row(reference))?.owner ?? null;
    seen.push({ owner, known: (await watcher.store.executions.owners()).some((one) => one.owner === owner) });
    return "seen";
  });
  // The watcher takes no task; it only looks for dead owners.
  const idle = await inProcess({ beatMs: 100, pollMs: 5, leaseMs: 400 })(worker, { work: true });
  const other = await inProcess({ beatMs: 20, tasks: 0, leaseMs: 400 })(watcher, { work: true });
  await delay(900);
  const agent = defineAgent({
    name: "looker",
    instructions: "Look.",
    model: "scripted:test",
    tools: worker.tools.list(),
  });
  const order = {
    tenant: "acme",
    specs: agent.specSet("scripted:test"),
    engine: "in-process" as const,
    message: { message: userMessage("Look.") },
  };
  const { row } = await createTask(worker, order);
  await idle.start(row);
  for (let waited = 0; waited < 200 && (await worker.store.row(row))?.state !== "completed"; waited++)
    await delay(5);
  await Promise.all([idle.close(), other.close()]);
  const log = await worker.store.read(row, 0);
  expect(seen).toEqual([{ owner: expect.stringContaining("process_") as string, known: true }]);
  // Nobody took it for dead while it worked.
  expect(log.filter(({ kind }) => kind === "recovery")).toEqual([]);
  await Promise.all([worker.store.close(), watcher.store.close()]);
});
