/** The trace of a task whose model fails before it replies, and the trace page by page. */
import { defineAgent, type Task } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";

interface Page {
  readonly items: readonly { readonly turn: number; readonly outcome: string; readonly at: number }[];
  readonly next?: number;
}

const patient = defineAgent({
  name: "patient",
  instructions: "x",
  model: "scripted:test",
  modelRetry: {
    maximumAttempts: 100,
    initialIntervalMs: 20,
    backoffCoefficient: 1,
    maximumIntervalMs: 20,
  },
});
const clerk = defineAgent({ name: "clerk", instructions: "x", model: "scripted:test" });

let stage: Stage;
let fails: boolean;

beforeEach(async () => {
  fails = true;
  stage = await openStage({
    agents: [patient, clerk],
    scripted: scriptedModel(() =>
      fails ? { fail: { status: 503, message: "busy", retryable: true } } : { text: "There." },
    ),
  });
});

afterEach(() => stage[Symbol.asyncDispose]());

async function submit(agent: string): Promise<string> {
  const { body } = await stage.ask(`/api/v1/agents/${agent}/tasks`, { body: { message: "x" } });
  return (body as Task).task;
}

async function failed(task: string, turn: number, times: number): Promise<void> {
  const attempts = async (): Promise<number> =>
    (await stage.forge.log(task)).filter(
      ({ kind, body }) => kind === "attempt" && body.step === `${turn}/model/0`,
    ).length;
  await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThanOrEqual(times);
}

const trace = async (task: string, query = ""): Promise<Page> =>
  (await stage.ask(`/api/v1/tasks/${task}/steps?${query}`)).body as Page;

const busy = expect.objectContaining({ model: "scripted:test" }) as unknown;

describe("the trace", () => {
  it("has an open turn while the model has not replied, and the reply's own once it has", async () => {
    const task = await submit("patient");
    await failed(task, 1, 2);
    const [open, ...others] = (await trace(task)).items;
    expect(open).toMatchObject({
      turn: 1,
      outcome: "open",
      model: "scripted:test",
      attempts: expect.arrayContaining([busy, busy]) as unknown,
      steps: [],
    });
    expect(others).toEqual([]);
    fails = false;
    await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe("completed");
    expect((await trace(task)).items).toMatchObject([{ turn: 1, outcome: "answer" }]);
  });

  it("says of a turn that never got its reply how its task has ended", async () => {
    const task = await submit("patient");
    await failed(task, 1, 1);
    await stage.forge.cancel(task);
    await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe("canceled");
    expect((await trace(task)).items).toMatchObject([
      { turn: 1, outcome: "canceled", attempts: expect.arrayContaining([busy]) as unknown },
    ]);
  });

  it("says the same on pages of one turn as on one page of all", async () => {
    fails = false;
    const made = await stage.ask("/api/v1/chat", { body: { message: "x" } });
    const task = made.headers.get("conversation-id") ?? "";
    fails = true;
    await stage.ask(`/api/v1/tasks/${task}/messages`, { body: { message: "y" } });
    await failed(task, 2, 1);
    fails = false;
    await expect.poll(async () => (await stage.forge.get(task)).turn, { timeout: 20_000 }).toBe(2);
    fails = true;
    await stage.ask(`/api/v1/tasks/${task}/messages`, { body: { message: "z" } });
    await failed(task, 3, 1);
    await stage.forge.cancel(task);
    await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe("canceled");
    const whole = await trace(task);
    expect(whole.items.map(({ outcome }) => outcome)).toEqual(["calls", "calls", "canceled"]);
    const items: unknown[] = [];
    for (let next: number | undefined = 0; next !== undefined;) {
      const page: Page = await trace(task, `limit=1&after=${next}`);
      items.push(...page.items);
      next = page.next;
    }
    expect(items).toEqual(whole.items);
  });
});
