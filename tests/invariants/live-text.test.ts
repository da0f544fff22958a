/** Rule 6 in detail: what a follower is told of running text, whenever it joins and however much of it it missed. */
import type { Entry, TaskEvent } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { createEventBus, type EventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { Follower, type Sink } from "../../packages/omniforge/src/events/follower.ts";
import { createWatch } from "../../packages/omniforge/src/events/watch.ts";
import { acting } from "./scripts.ts";
import { watched } from "./tools.ts";
import { openWorld } from "./world.ts";

const key = "1/model/0";

function reset(attempt: string): TaskEvent {
  return { type: "reset", task: "t", key, attempt };
}

function delta(attempt: string, offset: number, text: string): TaskEvent {
  return { type: "delta", task: "t", key, attempt, channel: "text", offset, text };
}

/** What a client shows that obeys resets, offsets and finished messages. */
class Screen {
  attempt: string | undefined;
  text = "";
  readonly torn: string[] = [];
  take(event: TaskEvent): void {
    if (event.type === "reset") [this.attempt, this.text] = [event.attempt, ""];
    else if (event.type === "delta") {
      if (event.attempt !== this.attempt || event.offset !== this.text.length) this.torn.push(event.text);
      this.text += event.text;
    }
  }
}

async function following(bus: EventBus, full = false) {
  const world = openWorld({ script: acting(1), tools: [watched().tool] });
  const row = await world.begin("Begin.", { task: "t" });
  const watch = createWatch(world.store, bus, { compareMs: 5 });
  const screen = new Screen();
  const entries: Entry[] = [];
  let takes = !full;
  const sink: Sink = {
    entry: (_task, entry) => (entries.push(entry), takes),
    live: (event) => (screen.take(event), true),
    end: () => undefined,
    fail: (thrown) => {
      throw thrown;
    },
  };
  const follower = new Follower(watch, row, sink, { after: new Map() });
  follower.start();
  await expect.poll(() => entries.length).toBe(full ? 1 : 2);
  return {
    world,
    row,
    screen,
    entries,
    follower,
    take() {
      takes = true;
      follower.resume();
    },
    async close() {
      follower.close();
      await world.close();
    },
  };
}

describe("running text", () => {
  it("is told so far to who joins in the middle, and then as it comes", async () => {
    const bus = createEventBus();
    for (const event of [reset("a"), delta("a", 0, "Hello, "), delta("a", 7, "wor")]) bus.publish(event);
    const joined = await following(bus);
    expect(joined.screen).toMatchObject({ attempt: "a", text: "Hello, wor", torn: [] });
    bus.publish(delta("a", 10, "ld"));
    expect(joined.screen).toMatchObject({ text: "Hello, world", torn: [] });
    await joined.close();
  });

  it("begins anew with each attempt, so that what the failed one said disappears", async () => {
    const bus = createEventBus();
    const joined = await following(bus);
    for (const event of [reset("a"), delta("a", 0, "wrong"), reset("b"), delta("b", 0, "right")])
      bus.publish(event);
    expect(joined.screen).toMatchObject({ attempt: "b", text: "right", torn: [] });
    await joined.close();
  });

  it("of which the beginning is not known is not told at all", async () => {
    const bus = createEventBus();
    const joined = await following(bus);
    bus.publish(delta("a", 5, "torn"));
    bus.publish(delta("a", 9, " too"));
    expect(joined.screen).toMatchObject({ attempt: undefined, text: "" });
    await joined.close();
  });

  it("that was missed while nothing could be taken comes in one piece afterwards", async () => {
    const bus = createEventBus();
    const joined = await following(bus, true);
    for (const event of [reset("a"), delta("a", 0, "one "), delta("a", 4, "two ")]) bus.publish(event);
    expect(joined.screen.text).toBe("");
    joined.take();
    await expect.poll(() => joined.screen.text).toBe("one two ");
    bus.publish(delta("a", 8, "three"));
    expect(joined.screen).toMatchObject({ text: "one two three", torn: [] });
    await joined.close();
  });

  it("is void once its step is recorded, whoever still streams", async () => {
    const bus = createEventBus();
    const joined = await following(bus);
    const { world, row, screen, entries } = joined;
    bus.publish(reset("a"));
    bus.publish(delta("a", 0, "Hel"));
    await world.model(row, 1);
    await expect.poll(() => entries.some(({ kind }) => kind === "reply")).toBe(true);
    const shown = screen.text;
    for (const event of [delta("a", 3, "lo"), reset("zombie"), delta("zombie", 0, "Late.")])
      bus.publish(event);
    expect(screen).toMatchObject({ attempt: "a", text: shown, torn: [] });
    await joined.close();
  });
});

describe("a watch", () => {
  it("asks the store which logs have grown, and reads no log that has not", async () => {
    const world = openWorld({ script: acting(1), tools: [watched().tool] });
    const rows = [];
    for (let index = 0; index < 20; index++) rows.push(await world.begin());
    const reads: string[] = [];
    const store = {
      ...world.store,
      read: ((reference, ...rest) => {
        reads.push(reference.task);
        return world.store.read(reference, ...rest);
      }) satisfies typeof world.store.read,
    };
    const watch = createWatch(store, createEventBus(), { compareMs: 5 });
    const seen = new Map<string, number>();
    const sink: Sink = {
      entry: (task, entry) => (seen.set(task, entry.seq), true),
      live: () => true,
      end: () => undefined,
      fail: () => undefined,
    };
    const followers = rows.map((row) => new Follower(watch, row, sink, { after: new Map() }));
    for (const one of followers) one.start();
    await expect.poll(() => seen.size).toBe(20);
    const [first] = rows;
    if (first === undefined) throw new Error("no task");
    reads.length = 0;
    await world.model(first, 1);
    await expect.poll(() => seen.get(first.task)).toBeGreaterThan(2);
    expect(new Set(reads)).toEqual(new Set([first.task]));
    for (const one of followers) one.close();
    await world.close();
  });

  it("finds what was written where the store can't tell what has grown", async () => {
    const world = openWorld({ script: acting(1), tools: [watched().tool] });
    const row = await world.begin();
    const { grown: _none, ...store } = world.store;
    const watch = createWatch(store, createEventBus(), { compareMs: 5 });
    const seqs: number[] = [];
    const sink: Sink = {
      entry: (_task, entry) => (seqs.push(entry.seq), true),
      live: () => true,
      end: () => undefined,
      fail: () => undefined,
    };
    const follower = new Follower(watch, row, sink, { after: new Map() });
    follower.start();
    await world.model(row, 1);
    await expect.poll(() => seqs.length).toBeGreaterThan(2);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    follower.close();
    await world.close();
  });
});
