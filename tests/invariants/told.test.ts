/** What a task says of how it ended is why it ended. */
import { defineAgent } from "omniforge";
import { expect, it } from "vitest";
import { watched } from "./tools.ts";
import { openWorld } from "./world.ts";

it("a task whose transcript could not be put in short says why not", async () => {
  const world = openWorld({
    script: ({ tools }) =>
      tools.length === 0
        ? { fail: { status: 401, message: "this key was revoked" } }
        : { calls: [{ name: "act" }] },
    tools: [watched().tool],
    compactAtTokens: 1,
  });
  const row = await world.begin("A long order.");
  const [call] = await world.calls(row, 1);
  if (call === undefined) throw new Error("no call");
  await world.tool(row, call);
  expect(await world.model(row, 2)).toEqual({ kind: "context-full" });
  await world.steps.compact(world, world.attempt(row), 2);
  await world.steps.finish(world, world.attempt(row), 2, { kind: "failed", code: "CONTEXT_FULL" });
  const [ended] = await world.of(row, "ended");
  await world.close();
  expect(ended?.body.error).toMatchObject({
    code: "MODEL_REFUSED",
    message: expect.stringContaining("this key was revoked") as string,
  });
});

it("a transcript is never replaced by an empty summary: another attempt may give one that says something", async () => {
  let summaries = 0;
  const world = openWorld({
    script({ tools }) {
      if (tools.length > 0) return { text: "x".repeat(900), calls: [{ name: "act" }] };
      return { text: summaries++ === 0 ? " \n" : "the short of it" };
    },
    tools: [watched().tool],
    compactAtTokens: 100,
  });
  const row = await world.begin("A long order.");
  await world.model(row, 1);
  await world.model(row, 2);
  const first = await world.steps.compact(world, world.attempt(row), 2);
  expect(first).toMatchObject({ kind: "retry", code: "MODEL_FAILED" });
  if (first.kind !== "retry") throw new Error("not tried again");
  world.wait(first.at - world.now());
  expect(await world.steps.compact(world, world.attempt(row), 2)).toEqual({
    kind: "done",
    value: "compacted",
  });
  const [failed] = await world.of(row, "attempt");
  const [made] = await world.of(row, "compaction");
  await world.close();
  expect(failed?.body.error.message).toBe("the model gave no summary");
  expect(failed?.body.usage?.inputTokens).toBeGreaterThan(0);
  expect(JSON.stringify(made?.body.summary)).toContain("the short of it");
});

it("a sub-agent that completed, and was erased before its parent collected it, is not said to be canceled", async () => {
  const child = defineAgent({ name: "child", instructions: "You are the child." });
  const world = openWorld({
    agents: [child],
    script: ({ turn, tools }) =>
      turn === 1 && tools.includes("child")
        ? { calls: [{ name: "child", arguments: { message: "Go." } }] }
        : { text: "Done." },
  });
  const row = await world.begin();
  const [call] = await world.calls(row, 1);
  if (call?.child === undefined) throw new Error("no sub-agent");
  await world.steps.openChild(world, world.attempt(row), call);
  const opened = { tenant: row.tenant, task: call.child };
  await world.model(opened, 1);
  await world.steps.finish(world, world.attempt(opened), 1, { kind: "completed" });
  await world.store.erase(opened, world.now());
  await world.settle(row, [{ ...call, waits: "child" }]);
  const [result] = await world.of(row, "result");
  await world.close();
  expect(result?.body).toMatchObject({ status: "result", parts: [] });
});
