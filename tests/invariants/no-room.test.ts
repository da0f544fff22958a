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
