/** Rule 6 across processes: what followers elsewhere are told of running text, through a real Redis. */
import { randomUUID } from "node:crypto";
import { entry, type NewEntry } from "omniforge/protocol";
import { memoryStore, type TaskStore } from "omniforge/store";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  committed,
  create,
  endedEntry,
  reply,
} from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { attemptOf, key, openPlace, type Place, type PlaceOptions } from "./place.ts";
import { skipped, startRedis, type TestServer } from "./server.ts";

const patience = { timeout: 20_000 };
const tenant = "acme";

describe.skipIf(skipped !== "")(`between processes, running text${skipped}`, () => {
  let server: TestServer;
  let store: TaskStore;
  let task: string;
  const places: Place[] = [];
  const open = (options: PlaceOptions = {}): Place => {
    const place = openPlace(server.address, store, { tenant, ...options });
    places.push(place);
    return place;
  };
  /** As a step does: durable first, then announced. */
  const record = async (place: Place, entries: readonly NewEntry[]): Promise<void> => {
    const made = await committed(store, { tenant, task, entries, opensTurn: true });
    for (const one of made.entries) place.say({ type: "entry", task, entry: one });
  };
  const streamed = async (): Promise<string> =>
    JSON.stringify(await server.ask("XRANGE", `omniforge:said:${tenant}:${task}:${key}`, "-", "+"));

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    store = memoryStore();
    task = `task_${randomUUID()}`;
    await create(store, { tenant, task });
  });
  afterEach(async () => {
    for (const place of places.splice(0)) await place[Symbol.asyncDispose]();
  });

  it("is heard as it is said, each piece once and in order", async () => {
    const [worker, server1] = [open(), open()];
    const heard = server1.follow(task);
    const a = attemptOf(task, 2);
    worker.say(a.begins());
    let text = "";
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 50; index++) {
        const word = `word ${index} of ${round} `;
        worker.say(a.says(word));
        text += word;
      }
      await expect.poll(() => heard.text, patience).toBe(text);
    }
    expect(heard.torn).toEqual([]);
    expect(heard.events.filter(({ type }) => type === "reset")).toHaveLength(1);
  });

  it("is told so far to who joins in the middle, and then as it comes", async () => {
    const [worker, first, second] = [open(), open(), open()];
    const a = attemptOf(task, 2);
    const early = first.follow(task);
    for (const event of [a.begins(), a.says("Hello, "), a.says("wor")]) worker.say(event);
    await expect.poll(() => early.text, patience).toBe("Hello, wor");
    const late = second.follow(task);
    await expect.poll(() => late.text, patience).toBe("Hello, wor");
    worker.say(a.says("ld"));
    for (const heard of [early, late]) {
      await expect.poll(() => heard.text, patience).toBe("Hello, world");
      expect(heard.torn).toEqual([]);
    }
  });

  it("begins anew with each attempt; one that has a successor is refused by the server, and not heard", async () => {
    const [zombie, worker, listener] = [open(), open(), open()];
    const heard = listener.follow(task);
    const [old, young] = [attemptOf(task, 2, "old"), attemptOf(task, 3, "young")];
    for (const event of [old.begins(), old.says("I am ")]) zombie.say(event);
    await expect.poll(() => heard.text, patience).toBe("I am ");
    for (const event of [young.begins(), young.says("Right.")]) worker.say(event);
    await expect.poll(() => heard.text, patience).toBe("Right.");
    for (const event of [old.says("wrong"), old.begins(), old.says("!")]) zombie.say(event);
    worker.say(young.says(" Indeed."));
    await expect.poll(() => heard.text, patience).toBe("Right. Indeed.");
    const joined = open().follow(task);
    await expect.poll(() => joined.text, patience).toBe("Right. Indeed.");
    expect(await streamed()).not.toContain("wrong");
    expect([...heard.torn, ...joined.torn]).toEqual([]);
  });

  it("of a zombie is given up by those beside it, too, once its successor has begun", async () => {
    const [zombie, worker] = [open(), open()];
    const heard = zombie.follow(task);
    const [old, young] = [attemptOf(task, 2, "old"), attemptOf(task, 3, "young")];
    for (const event of [old.begins(), old.says("I am ")]) zombie.say(event);
    for (const event of [young.begins(), young.says("Right.")]) worker.say(event);
    await expect.poll(() => heard.text, patience).toBe("Right.");
    for (const event of [old.says("wrong"), old.begins(), old.says("!")]) zombie.say(event);
    worker.say(young.says(" Indeed."));
    await expect.poll(() => heard.text, patience).toBe("Right. Indeed.");
    expect(heard.torn).toEqual([]);
  });

  it("is void once its step is recorded, for who was there and for who joins", async () => {
    const [worker, listener] = [open(), open()];
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    for (const event of [a.begins(), a.says("Hello")]) worker.say(event);
    await expect.poll(() => heard.text, patience).toBe("Hello");
    await record(worker, [reply(1)]);
    await expect.poll(() => heard.entries.at(-1)?.kind, patience).toBe("reply");
    expect(heard.text).toBe("");
    // What is written before it listens is not hinted at again: it is found by looking.
    const joined = open({ compareMs: 100 }).follow(task);
    await expect.poll(() => joined.entries.length, patience).toBe(heard.entries.length);
    worker.say(a.says(" again"));
    await record(worker, [endedEntry]);
    for (const one of [heard, joined]) {
      await expect.poll(() => one.ended, patience).toBe(true);
      expect(one.text).toBe("");
    }
    expect(joined.events.filter(({ type }) => type !== "entry")).toEqual([]);
  });

  it("of an attempt that failed is not told to who joins before the next one begins", async () => {
    const worker = open();
    const a = attemptOf(task, 2);
    for (const event of [a.begins(), a.says("Half a")]) worker.say(event);
    await expect.poll(streamed, patience).toContain("Half a");
    const error = { code: "MODEL_FAILED", message: "cut off" };
    await record(worker, [entry("attempt", { step: key, error })]);
    const joined = open().follow(task);
    await expect.poll(() => joined.entries.length, patience).toBe(3);
    const b = attemptOf(task, 3);
    for (const event of [b.begins(), b.says("Whole.")]) worker.say(event);
    await expect.poll(() => joined.text, patience).toBe("Whole.");
    expect(JSON.stringify(joined.events)).not.toContain("Half");
  });

  it("is told to nobody of another tenant, and everything that Redis holds names the tenant", async () => {
    const [worker, listener] = [open(), open()];
    const own = listener.follow(task);
    const others = listener.follow(task, "rival");
    const a = attemptOf(task, 2);
    for (const event of [a.begins(), a.says("ours")]) worker.say(event);
    await expect.poll(() => own.text, patience).toBe("ours");
    expect(others.events).toEqual([]);
    const keys = (await server.ask("KEYS", `*${task}*`)) as readonly string[];
    expect(keys.length).toBeGreaterThan(1);
    for (const name of keys) expect(name).toMatch(/^omniforge:\w+:acme:/);
  });

  it("expires, and is trimmed, and can still be joined when it is long", async () => {
    const [worker, listener] = [open(), open()];
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    let text = "";
    worker.say(a.begins());
    for (let round = 0; round < 10; round++) {
      // By turns, because pieces of one channel that follow on each other are written as one.
      for (let index = 0; index < 250; index++) {
        worker.say(a.says(`${index % 10}`));
        worker.say(a.says("hm ", "reasoning"));
        text += `${index % 10}`;
      }
      await expect.poll(() => heard.text, patience).toBe(text);
    }
    await expect.poll(() => heard.text, patience).toBe(text);
    const joined = open().follow(task);
    await expect.poll(() => joined.text, patience).toBe(text);
    expect([...heard.torn, ...joined.torn]).toEqual([]);
    const name = `omniforge:said:${tenant}:${task}:${key}`;
    const pieces = heard.events.filter(({ type }) => type === "delta").length;
    expect(pieces).toBeGreaterThan(2_500);
    expect(Number(await server.ask("XLEN", name))).toBeLessThan(2_500);
    for (const each of [name, `omniforge:steps:${tenant}:${task}`])
      expect(Number(await server.ask("TTL", each))).toBeGreaterThan(0);
    await record(worker, [reply(1)]);
    await expect.poll(async () => Number(await server.ask("TTL", name)), patience).toBeLessThanOrEqual(60);
  });

  it("is accompanied by hints: who follows reads a new entry at once, and looks for nothing", async () => {
    const [worker, listener] = [open(), open()];
    const heard = listener.follow(task);
    await expect.poll(() => heard.entries.length, patience).toBe(2);
    // The first hint may come before Redis is listened to: what is written then is not hinted at again.
    await expect
      .poll(async () => {
        await record(worker, [entry("attempt", { step: key, error: { code: "X", message: "x" } })]);
        return heard.entries.length;
      }, patience)
      .toBeGreaterThan(2);
    await record(worker, [reply(1), endedEntry]);
    await expect.poll(() => heard.ended, patience).toBe(true);
    expect(heard.entries.map(({ seq }) => seq)).toEqual(heard.entries.map((_, index) => index + 1));
  });
});
