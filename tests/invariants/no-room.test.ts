import { inProcess } from "omniforge";
import { expect, it } from "vitest";
import { acting } from "./scripts.ts";
import { gate, watched } from "./tools.ts";
import { openWorld } from "./world.ts";

it("a due task that finds no room waits for it, and is not looked for all the time", async () => {
  const held = gate();
  const act = watched(() => held.opened.then(() => "done"));
  const world = openWorld({ script: acting(1), tools: [act.tool] });
  let looks = 0;
  const { executions } = world.store;
  const nextDue = (): Promise<number | undefined> => {
    looks++;
    return executions.nextDue();
  };
  const due = await world.begin("due");
  const taken = await executions.acquire(due, "somebody");
  await executions.release(due, taken?.fence ?? -1, { wakes: due.wakes, nextAt: world.now() + 30 });
  await world.begin("busy");
  const counting = { ...world, store: { ...world.store, executions: { ...executions, nextDue } } };
  const backend = await inProcess({ tasks: 1, pollMs: 10_000, beatMs: 10_000 })(counting, { work: true });
  while (act.runs.length === 0) await world.sleep(1);
  await world.sleep(200);
  const looked = looks;
  held.open();
  for (let waited = 0; waited < 400 && (await world.rowOf(due)).state !== "completed"; waited++)
    await world.sleep(5);
  const { state } = await world.rowOf(due);
  await backend.close();
  await world.close();
  expect([state, looked < 10]).toEqual(["completed", true]);
});

it("a cancelled task that still waits for a slot ends at once, however long the step runs that has it", async () => {
  const held = gate();
  const act = watched(() => held.opened.then(() => "done"));
  const world = openWorld({ script: acting(1), tools: [act.tool] });
  const busy = await world.begin("busy");
  const backend = await inProcess({ slots: 1, pollMs: 5 })(world, { work: true });
  while (act.runs.length === 0) await world.sleep(1);
  const waiting = await world.begin("waiting");
  await backend.start(waiting);
  while ((await world.rowOf(waiting)).owner === null) await world.sleep(1);
  await world.say(waiting, { kind: "cancel", id: "stop" });
  await backend.cancel(waiting);
  for (let waited = 0; waited < 400 && (await world.rowOf(waiting)).endedSeq === null; waited++)
    await world.sleep(5);
  const states = [(await world.rowOf(waiting)).state, (await world.rowOf(busy)).state];
  held.open();
  await backend.close();
  await world.close();
  expect(states).toEqual(["canceled", "working"]);
});
