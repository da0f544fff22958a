/** Erasing a task deletes all that its engine keeps of it: every run of its workflow, and of its sub-agents'. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  askHumanTool,
  createOmniForge,
  defineAgent,
  defineTool,
  type Agent,
  type OmniForge,
} from "omniforge";
import type { Script } from "omniforge/testing";
import { scriptedModel } from "omniforge/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { temporal } from "../../packages/temporal/src/index.ts";
import { readRuns } from "./history.ts";
import { resetRun } from "./reset.ts";
import { patience, skipped, startServerWithFile, type TestServer } from "./server.ts";
import { until } from "./world.ts";

const look = defineTool({
  name: "look",
  description: "",
  parameters: z.object({}),
  effects: "none",
  execute: () => "seen",
});

describe.skipIf(skipped !== "")(`erasing a task on Temporal${skipped}`, { timeout: patience }, () => {
  test("deletes every run: those it continued, those it was reset to, and its sub-agents'", async (context) => {
    const { forge, server } =
      (await opened(askingScript)) ?? context.skip("a given server is not ours to kill");
    const child = defineAgent({ name: "child", instructions: "", tools: [look] });
    const agent = defineAgent({
      name: "parent",
      instructions: "",
      tools: [look, askHumanTool],
      agents: [child],
      limits: { turns: 50 },
    });
    const task = await ended(forge, agent);
    const { firstRun } = (await forge.world.store.row({ tenant: forge.tenant, task })) ?? {};
    const chain = await readRuns(server.client, task, firstRun ?? "");
    expect(chain.length).toBeGreaterThan(1);
    const last = await resetRun(server, task, chain.at(-1)?.run ?? "");
    await until(async () => {
      const { status } = await server.client.workflow.getHandle(task, last).describe();
      return status.name === "COMPLETED" || undefined;
    });

    const family = [task, `${task}.1.0`];
    for (const one of family) expect(await runsOf(server, one)).not.toEqual([]);
    await forge.erase(task);
    for (const one of family) await until(async () => (await runsOf(server, one)).length === 0 || undefined);
    for (const { run } of [...chain, { run: last }])
      await expect(server.client.workflow.getHandle(task, run).describe()).rejects.toThrow(/not found/i);
    await until(
      async () => (await forge.world.store.executions.toForget("temporal", 9)).length === 0 || undefined,
    );
  });

  test("is finished later where the server is away, and may be repeated", async (context) => {
    const { forge, server, restart } =
      (await opened(() => ({ text: "done" }))) ?? context.skip("a given server is not ours to kill");
    const task = await ended(forge, defineAgent({ name: "short", instructions: "" }));
    const { firstRun } = (await forge.world.store.row({ tenant: forge.tenant, task })) ?? {};
    const back = restart();
    await forge.erase(task);
    await forge.erase(task);
    expect((await forge.get(task)).erased).toBe(true);
    await back;
    const handle = server.client.workflow.getHandle(task, firstRun ?? "");
    await until(async () => {
      const found = await handle.describe().catch((thrown: Error) => thrown);
      return (found instanceof Error && /not found/i.test(found.message)) || undefined;
    });
    await until(
      async () => (await forge.world.store.executions.toForget("temporal", 9)).length === 0 || undefined,
    );
    await forge.erase(task);
  });

  /** Asks after ten turns, so that it goes on in another run. */
  const askingScript: Script = ({ said, turn }) => {
    if (said[0] === "for the child") return { text: "child" };
    if (turn === 1) return { calls: [{ name: "child", arguments: { message: "for the child" } }] };
    if (turn < 11) return { calls: [{ name: "look" }] };
    return turn === 11 ? { calls: [{ name: "ask_human", arguments: { question: "?" } }] } : { text: "done" };
  };

  /** An OmniForge on a server of its own; nothing where a server was given. */
  async function opened(
    script: Script,
  ): Promise<{ forge: OmniForge; server: TestServer; restart: () => Promise<void> } | undefined> {
    const folder = mkdtempSync(join(tmpdir(), "omniforge-erasing-"));
    const server = await startServerWithFile(join(folder, "temporal.db"));
    if (server === undefined) return undefined;
    const reconcile = { everyMs: 300, quietMs: 1_000 };
    const forge = await createOmniForge({
      dataDirectory: folder,
      backend: temporal({ address: server.address, reconcile, onError: () => undefined }),
      models: { "scripted:test": scriptedModel(script) },
      model: "scripted:test",
    });
    onTestFinished(async () => {
      await forge.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return { forge, server, restart: () => server.restart() };
  }

  async function ended(forge: OmniForge, agent: Agent): Promise<string> {
    const answer = async (): Promise<{ decision: "answer"; value: string }> => {
      // Only once it waits in a run of its own.
      await until(async () => {
        const [row] = await forge.world.store.list({ tenant: forge.tenant, agent: "parent", limit: 1 });
        return (
          (row !== undefined && row.parkedAtWakes !== null && row.currentRun !== row.firstRun) || undefined
        );
      });
      return { decision: "answer", value: "yes" };
    };
    const { task, state } = await forge.run(agent, "go", { answer });
    expect(state).toBe("completed");
    return task;
  }

  async function runsOf({ client }: TestServer, task: string): Promise<readonly string[]> {
    const runs: string[] = [];
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${task}"` })) runs.push(runId);
    return runs;
  }
});
