/** The inbox of what waits for people, among much that waits for nobody. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scriptedModel } from "omniforge/testing";
import { isListening } from "../../packages/omniforge/src/agents/conversation.ts";
import { inboxPage } from "../../packages/omniforge/src/server/view/inbox.ts";
import { openStage, script, type Stage } from "./stage.ts";

interface Inbox {
  readonly items: readonly { readonly task: string; readonly request: { readonly id: string } }[];
  readonly next?: string;
}

let stage: Stage;

beforeEach(async () => {
  const thrice = [1, 2, 3].map((amount) => ({ name: "pay", arguments: { amount } }));
  stage = await openStage({
    scripted: scriptedModel((seen) =>
      seen.said.at(-1) === "pay thrice" && seen.results.length === 0 ? { calls: thrice } : script(seen),
    ),
  });
});

afterEach(() => stage[Symbol.asyncDispose]());

async function asking(message: string): Promise<string> {
  const { body } = await stage.ask("/api/v1/agents/clerk/tasks", { body: { message } });
  const { task } = body as { task: string };
  await expect.poll(async () => (await stage.forge.get(task)).pending.length).toBeGreaterThan(0);
  return task;
}

async function idleChat(): Promise<void> {
  const { headers } = await stage.ask("/api/v1/chat", { body: { message: "hello" } });
  const task = headers.get("conversation-id") ?? "";
  await expect.poll(async () => (await stage.forge.get(task)).pending.some(isListening)).toBe(true);
}

const inbox = async (query = ""): Promise<Inbox> =>
  (await stage.ask(`/api/v1/inputs?${query}`)).body as Inbox;

async function paged(limit: number): Promise<Inbox[]> {
  const pages: Inbox[] = [];
  for (let cursor = ""; ;) {
    const page = await inbox(`limit=${limit}${cursor && `&cursor=${cursor}`}`);
    pages.push(page);
    if (page.next === undefined) return pages;
    cursor = page.next;
  }
}

const tasksOf = ({ items }: Inbox): string[] => items.map(({ task }) => task);

describe("the inbox", () => {
  it("shows what waits behind fifty idle conversations, the newest task first", async () => {
    const [older, newer] = [await asking("pay 1"), await asking("pay 2")];
    for (let chat = 0; chat < 52; chat++) await idleChat();
    const { items, next } = await inbox();
    expect([items.map(({ task }) => task), next]).toEqual([[newer, older], undefined]);
    expect((await paged(1)).map(tasksOf)).toEqual([[newer], [older]]);
  }, 60_000);

  it("has nothing behind its last page but conversations", async () => {
    for (let chat = 0; chat < 3; chat++) await idleChat();
    const task = await asking("pay 1");
    expect(await inbox("limit=1")).toEqual({ items: [expect.objectContaining({ task })] });
  });

  it("never cuts a task's requests in two, and loses none between pages", async () => {
    const tasks = [await asking("pay 1"), await asking("pay thrice"), await asking("pay 2")].toReversed();
    const [two, three, one] = tasks;
    expect((await paged(2)).map(tasksOf)).toEqual([[two, three, three, three], [one]]);
    expect((await paged(1)).map(tasksOf)).toEqual([[two], [three, three, three], [one]]);
  });

  it("looks at a thousand tasks for one page, and goes on with the next", async () => {
    const task = await asking("pay 1");
    await idleChat();
    const [chat, asks] = await stage.forge.list({ states: ["input-required"] });
    if (chat === undefined || asks === undefined) throw new Error("nothing waits");
    const left = [...Array.from({ length: 1_100 }, () => chat), asks];
    let asked = 0;
    const forge = {
      list: ({ limit = 0 }: Parameters<Stage["forge"]["list"]>[0] = {}) => {
        asked++;
        return Promise.resolve(left.splice(0, limit));
      },
    };
    const first = await inboxPage(forge, {}, 50, undefined);
    expect([first.items, first.next?.task, asked]).toEqual([[], chat.task, 5]);
    const second = await inboxPage(forge, {}, 50, first.next);
    expect([second.items.map((one) => one.task), second.next]).toEqual([[task], undefined]);
  });
});
