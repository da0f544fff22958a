/** Redis that is away, comes back empty, stands still, is full, or lets nobody in: tasks and followers go on without it. */
import { randomUUID } from "node:crypto";
import { entry, type TaskEvent } from "omniforge/protocol";
import { memoryStore, type TaskStore } from "omniforge/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inspectRedis } from "../../packages/omniforge/src/events/redis/inspect.ts";
import { committed, create, endedEntry } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { freePort } from "../free-port.ts";
import { attemptOf, key, openPlace, type Hearer, type Place } from "./place.ts";
import { skippedOwn, startOwn, type OwnServer } from "./server.ts";

const patience = { timeout: 30_000 };
const tenant = "acme";

describe.skipIf(skippedOwn !== "")(`when Redis${skippedOwn}`, { timeout: 60_000 }, () => {
  let server: OwnServer;
  let store: TaskStore;
  let task: string;
  const places: Place[] = [];
  const complaints: string[] = [];
  const hear = (warning: Error & { readonly code?: string }): void => {
    if (warning.code === "EVENTS_UNREACHABLE") complaints.push(warning.message);
  };
  const open = (address = server.address, compareMs = 20): Place => {
    const place = openPlace(address, store, { tenant, compareMs, answerMs: 1_000 });
    places.push(place);
    return place;
  };
  /** Says something in so many pieces, and lets everything else have its turn between them. */
  const speak = async (place: Place, a: ReturnType<typeof attemptOf>, words: number): Promise<string> => {
    let text = "";
    for (let index = 0; index < words; index++) {
      const event = a.says(`word ${index} `);
      place.say(event);
      if (event.type === "delta") text += event.text;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return text;
  };
  /** One process says something, and another one hears it. */
  const speaking = async () => {
    const [worker, listener] = [open(), open()];
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    worker.say(a.begins());
    const said = await speak(worker, a, 20);
    await expect.poll(() => heard.text, patience).toBe(said);
    return { worker, heard, a, said };
  };
  const finish = async (place: Place, heard: Hearer): Promise<void> => {
    const made = await committed(store, { tenant, task, entries: [endedEntry] });
    for (const one of made.entries) place.say({ type: "entry", task, entry: one });
    await expect.poll(() => heard.ended, patience).toBe(true);
    expect(heard.torn).toEqual([]);
    expect(heard.entries.map(({ seq }) => seq)).toEqual(heard.entries.map((_, index) => index + 1));
  };

  beforeEach(async () => {
    server = await startOwn();
    store = memoryStore();
    task = `task_${randomUUID()}`;
    await create(store, { tenant, task });
    complaints.length = 0;
    process.on("warning", hear);
  });
  afterEach(async () => {
    process.off("warning", hear);
    for (const place of places.splice(0)) await place[Symbol.asyncDispose]();
    await server.stop();
  });

  it("is killed while something is being said, all of it is heard once it is back, and it is complained about once", async () => {
    const { worker, heard, a, said } = await speaking();
    let text = said;
    for (let round = 0; round < 3; round++) {
      await server.kill();
      text += await speak(worker, a, 100);
      await server.start();
      text += await speak(worker, a, 20);
      await expect.poll(() => heard.text, patience).toBe(text);
    }
    const joined = open().follow(task);
    await expect.poll(() => joined.text, patience).toBe(text);
    await finish(worker, heard);
    expect(complaints.length).toBeLessThanOrEqual(2);
    expect(complaints[0]).toMatch(/Redis at redis:\/\/127.*ECONNREFUSED.*Tasks go on/);
  });

  it("is not there at the beginning, logs are followed all the same, and running text from when it is", async () => {
    await server.kill();
    const [worker, listener] = [open(), open()];
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    worker.say(a.begins());
    let text = await speak(worker, a, 20);
    const error = { code: "X", message: "x" };
    await committed(store, { tenant, task, entries: [entry("attempt", { step: "1/model/1", error })] });
    await expect.poll(() => heard.entries.length, patience).toBe(3);
    expect(heard.text).toBe("");
    await server.start();
    text += await speak(worker, a, 20);
    await expect.poll(() => heard.text, patience).toBe(text);
    await finish(worker, heard);
  });

  it.each([
    ["shortly", 300],
    ["for so long that it is taken for lost", 2_500],
  ])("stands still %s, nobody waits for it, and all is heard afterwards", async (_how, stillMs) => {
    const { worker, heard, a, said } = await speaking();
    let text = said;
    server.pause();
    const until = Date.now() + stillMs;
    for (let index = 0; index < 10_000; index++) {
      const event = a.says(`word ${index} `);
      worker.say(event);
      if (event.type === "delta") text += event.text;
    }
    while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    server.continue();
    await expect.poll(() => heard.text, patience).toBe(text);
    await finish(worker, heard);
  });

  it("is full, logs are followed, and running text comes once there is room", async () => {
    const { worker, heard, a, said } = await speaking();
    let text = said;
    await server.ask("CONFIG", "SET", "maxmemory", "1");
    text += await speak(worker, a, 200);
    await expect.poll(() => complaints, patience).toHaveLength(1);
    expect(complaints[0]).toMatch(/OOM/);
    expect(heard.text).not.toBe(text);
    await server.ask("CONFIG", "SET", "maxmemory", "0");
    text += await speak(worker, a, 20);
    await expect.poll(() => heard.text, patience).toBe(text);
    await finish(worker, heard);
    expect(complaints).toHaveLength(1);
  });

  it.each([
    ["wants a password", async () => server.ask("CONFIG", "SET", "requirepass", "right"), "", /NOAUTH/],
    [
      "has another password",
      async () => server.ask("CONFIG", "SET", "requirepass", "right"),
      ":wrong-password@",
      /WRONGPASS/,
    ],
    ["is not there", async () => server.kill(), "", /ECONNREFUSED/],
  ])("%s, that is said once, without any password, and logs are followed", async (_how, change, who, why) => {
    await change();
    const address = server.address.replace("//", `//${who}`);
    const [worker, listener] = [open(address), open(address)];
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    worker.say(a.begins());
    await speak(worker, a, 300);
    await expect.poll(() => complaints, patience).toHaveLength(2);
    await finish(worker, heard);
    for (const complaint of complaints) expect(complaint).toMatch(why);
    await expect(inspectRedis(address)).rejects.toMatchObject({
      code: "EVENTS_UNREACHABLE",
      message: expect.stringMatching(why) as string,
    });
    expect(complaints.join()).not.toContain("wrong-password");
  });

  it("speaks no TLS though the address says so, that is said, and logs are followed", async () => {
    const address = server.address.replace("redis:", "rediss:");
    const [worker, listener] = [open(address), open(address)];
    const heard = listener.follow(task);
    worker.say({ type: "reset", task, key, attempt: "2.a" } satisfies TaskEvent);
    await expect.poll(() => complaints, patience).toHaveLength(2);
    await finish(worker, heard);
  });

  it("is some other server that says nothing, nobody waits for it", async () => {
    const { createServer } = await import("node:net");
    const mute = createServer(() => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => mute.listen(port, "127.0.0.1", resolve));
    const address = `redis://127.0.0.1:${port}`;
    const [worker, listener] = [open(address), open(address)];
    const heard = listener.follow(task);
    worker.say({ type: "reset", task, key, attempt: "2.a" } satisfies TaskEvent);
    await finish(worker, heard);
    await expect.poll(() => complaints[0], patience).toMatch(/said nothing/);
    mute.close();
  });
});
