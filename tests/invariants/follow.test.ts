/** W4 in detail: what a follower sees, from where, and what it leaves behind. */
import { defineAgent } from "omniforge";
import type { TaskEvent, TaskReference } from "omniforge/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEventBus, type EventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { follow, type FollowOptions } from "../../packages/omniforge/src/events/follow.ts";
import { createWatch } from "../../packages/omniforge/src/events/watch.ts";
import { acting } from "./scripts.ts";
import { watched } from "./tools.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
let bus: EventBus;
let listening = 0;

beforeEach(() => {
  const plain = createEventBus();
  listening = 0;
  bus = {
    ...plain,
    subscribe(listener) {
      listening++;
      const stop = plain.subscribe(listener);
      return () => {
        listening--;
        stop();
      };
    },
  };
  world = openWorld({ script: acting(2), tools: [watched().tool] });
});

afterEach(() => world.close());

async function collect(
  reference: TaskReference,
  { compareMs = 5, ...options }: FollowOptions & { readonly compareMs?: number } = {},
): Promise<TaskEvent[]> {
  const seen: TaskEvent[] = [];
  for await (const event of follow(createWatch(world.store, bus, { compareMs }), reference, options))
    seen.push(event);
  return seen;
}

const seqs = (events: readonly TaskEvent[]): number[] =>
  events.flatMap((event) => (event.type === "entry" ? event.entry.seq : []));

async function play(row: TaskReference): Promise<void> {
  for (const call of await world.calls(row, 1)) await world.tool(row, call);
  await world.model(row, 2);
  await world.steps.finish(world, world.attempt(row), 2, { kind: "completed" });
}

describe("a follower", () => {
  it("sees a log that has ended from its start, or from any seq on, and comes to its end", async () => {
    const row = await world.begin();
    await play(row);
    const { headSeq } = await world.rowOf(row);
    expect(seqs(await collect(row))).toEqual(Array.from({ length: headSeq }, (_, index) => index + 1));
    expect(seqs(await collect(row, { after: 4 }))).toEqual(
      Array.from({ length: headSeq - 4 }, (_, index) => index + 5),
    );
    expect(seqs(await collect(row, { after: headSeq }))).toEqual([]);
    expect(listening).toBe(0);
  });

  it("sees what is written while it follows, though nothing is announced", async () => {
    const row = await world.begin();
    const following = collect(row);
    await play(row);
    expect(seqs(await following)).toEqual((await world.log(row)).map(({ seq }) => seq));
  });

  it("sees deltas of its task in their order and before the entry that supersedes them, and no other task's", async () => {
    const row = await world.begin();
    const following = collect(row, { compareMs: 50 });
    await world.sleep(80);
    const delta = (task: string, offset: number, text: string): TaskEvent => ({
      type: "delta",
      task,
      key: "1/model/0",
      attempt: "a",
      channel: "text",
      offset,
      text,
    });
    bus.publish(delta(row.task, 0, "one"));
    bus.publish(delta(row.task, 3, "two"));
    bus.publish(delta("another", 0, "three"));
    await play(row);
    const events = await following;
    expect(events.flatMap((event) => (event.type === "delta" ? event.text : []))).toEqual(["one", "two"]);
    expect(events.findIndex(({ type }) => type === "delta")).toBeLessThan(
      events.findIndex((event) => event.type === "entry" && event.entry.kind === "reply"),
    );
  });

  it("stops when it is told to, or walks away, and leaves nothing behind", async () => {
    const row = await world.begin();
    const stop = new AbortController();
    const following = collect(row, { signal: stop.signal, compareMs: 10_000 });
    await world.sleep(10);
    stop.abort();
    expect(seqs(await following)).toEqual([1, 2]);
    const walking = follow(createWatch(world.store, bus), row);
    await walking.next();
    await walking.return();
    expect(listening).toBe(0);
    expect((await world.rowOf(row)).headSeq).toBe(2);
  });

  it("sees sub-agents from their start where it wants to", async () => {
    const child = defineAgent({ name: "child", instructions: "Help.", model: "scripted:test" });
    await world.close();
    world = openWorld({
      script: ({ tools, turn }) =>
        tools.length > 0 && turn === 1
          ? { calls: [{ name: "child", arguments: { message: "Help." } }] }
          : { text: "Done." },
      agents: [child],
    });
    const row = await world.begin();
    const following = collect(row, { descendants: true });
    const [call] = await world.calls(row, 1);
    if (call?.child === undefined) throw new Error("no sub-agent");
    await world.steps.openChild(world, world.attempt(row), call);
    const below = { ...row, task: call.child };
    await world.model(below, 1);
    await world.steps.finish(world, world.attempt(below), 1, { kind: "completed" });
    await world.steps.collectChild(world, world.attempt(row), call);
    await world.sleep(30);
    await world.model(row, 2);
    await world.steps.finish(world, world.attempt(row), 2, { kind: "completed" });
    const events = await following;
    expect(seqs(events.filter(({ task }) => task === call.child))).toEqual([1, 2, 3, 4]);
    expect(seqs(events.filter(({ task }) => task === row.task))).toEqual(
      (await world.log(row)).map(({ seq }) => seq),
    );
    expect(seqs(await collect(row)).length).toBe((await world.rowOf(row)).headSeq);
  });

  it("has nothing to see of a task that is not there, or another tenant's", async () => {
    const row = await world.begin();
    expect(await collect({ tenant: "acme", task: "none" })).toEqual([]);
    expect(await collect({ tenant: "globex", task: row.task })).toEqual([]);
  });
});
