/** Pages of the logs of a task and its sub-agents. */
import type { Entry, Task } from "omniforge";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";

interface TreePage {
  readonly items: readonly { readonly id: string; readonly task: string; readonly entry: Entry }[];
  readonly headSeq: number;
  readonly next?: string;
}

let stage: Stage;
let task: string;

beforeEach(async () => {
  stage = await openStage();
  const made = await stage.ask("/api/v1/agents/clerk/tasks", { body: { message: "help 7" } });
  task = (made.body as Task).task;
});

afterEach(() => stage[Symbol.asyncDispose]());

async function page(query: string): Promise<TreePage> {
  const { status, body } = await stage.ask(`/api/v1/tasks/${task}/events?tree=true&${query}`);
  expect(status).toBe(200);
  return body as TreePage;
}

/** All pages from an id on. */
async function paged(limit: number, after?: string): Promise<TreePage["items"]> {
  const items: TreePage["items"][number][] = [];
  for (let at = after; ;) {
    const one = await page(`limit=${limit}${at === undefined ? "" : `&after=${at}`}`);
    expect(one.items.length).toBeLessThanOrEqual(limit);
    items.push(...one.items);
    if (one.next === undefined) return items;
    expect(one.next).toBe(one.items.at(-1)?.id);
    at = one.next;
  }
}

async function approve(): Promise<void> {
  const waiting = async (): Promise<Task | undefined> =>
    (await stage.forge.list({ root: task, states: ["input-required"] })).find(
      ({ pending }) => pending.length > 0,
    );
  await expect.poll(waiting).toBeDefined();
  const found = await waiting();
  await stage.forge.respond(found?.task ?? "", found?.pending[0]?.id ?? "", { decision: "approve" });
}

async function ended(): Promise<void> {
  await expect.poll(async () => (await stage.forge.get(task)).state, { timeout: 20_000 }).toBe("completed");
}

const nameOf = ({ task: of, entry: { seq } }: TreePage["items"][number]): string => `${of} ${seq}`;

describe("pages of a task and its sub-agents", () => {
  it("have every entry of the family once, in each log's order, whatever their size", async () => {
    await approve();
    await ended();
    const whole = await paged(1_000);
    const family = await stage.forge.list({ root: task });
    expect(family).toHaveLength(2);
    for (const one of family) {
      const log = await stage.forge.log(one.task);
      const told = whole.filter((item) => item.task === one.task).map(({ entry }) => entry.seq);
      expect(told).toEqual(log.map(({ seq }) => seq));
    }
    const opened = whole.findIndex(({ entry }) => entry.kind === "child");
    expect(whole.findIndex((item) => item.task !== task)).toBeGreaterThan(opened);
    for (const limit of [1, 3]) expect((await paged(limit)).map(nameOf)).toEqual(whole.map(nameOf));
  });

  it("go on after any of their ids, which a stream takes, too", async () => {
    await approve();
    await ended();
    const whole = (await paged(1_000)).map((item) => ({ name: nameOf(item), id: item.id }));
    for (const [index, { id }] of whole.entries())
      expect((await paged(2, id)).map(nameOf)).toEqual(whole.slice(index + 1).map(({ name }) => name));
    const [, second] = whole;
    const response = await stage.app.request(`/api/v1/tasks/${task}/events?tree=true`, {
      headers: { accept: "text/event-stream", "last-event-id": second?.id ?? "" },
    });
    const streamed = (await response.text()).matchAll(/^event: entry\ndata: (.*)$/gm);
    const names = [...streamed].map(([, data = ""]) => nameOf(JSON.parse(data) as TreePage["items"][number]));
    expect(new Set(names)).toEqual(new Set(whole.slice(2).map(({ name }) => name)));
  });

  it("tell what comes after the last page, once it is there", async () => {
    await expect.poll(async () => (await paged(10)).some(({ entry }) => entry.kind === "request")).toBe(true);
    const before = await paged(10);
    await approve();
    await ended();
    const after = await paged(10, before.at(-1)?.id);
    expect([...before, ...after].map(nameOf).toSorted()).toEqual((await paged(1_000)).map(nameOf).toSorted());
    expect(after.filter(({ entry }) => entry.kind === "ended")).toHaveLength(2);
    expect(await page(`after=${after.at(-1)?.id}`)).toMatchObject({ items: [] });
  });

  it("go on after a seq of the task's own log, with all that its sub-agents said", async () => {
    await approve();
    await ended();
    const whole = (await paged(1_000)).map(nameOf);
    const rest = (await paged(1_000, "2")).map(nameOf);
    expect(new Set(rest)).toEqual(
      new Set(whole.filter((name) => ![`${task} 1`, `${task} 2`].includes(name))),
    );
  });

  it("refuse an id of a family without it, and a forged one", async () => {
    const own = `/api/v1/tasks/${task}/events`;
    for (const path of [
      `${own}?after=t4`,
      `${own}?tree=true&after=t4.AAAAAAAAAA1`,
      `${own}?tree=true&after=t9999`,
    ])
      expect((await stage.ask(path)).status).toBe(400);
  });
});
