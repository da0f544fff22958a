import type { TaskEvent } from "omniforge/protocol";
import { memoryStore } from "omniforge/store";
import { expect, it } from "vitest";
import { createEventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { follow } from "../../packages/omniforge/src/events/follow.ts";
import { createWatch } from "../../packages/omniforge/src/events/watch.ts";
import { create, end } from "../../packages/omniforge/src/testing/store-contract/claim.ts";

// Reached where attempts run in several processes: the one that lost its lease begins to speak after its successor has.
it("a superseded attempt that speaks for the first time after its successor has begun is not heard", async () => {
  const store = memoryStore();
  const bus = createEventBus();
  const row = await create(store);
  const { task } = row;
  const heard: TaskEvent[] = [];
  const listening = (async () => {
    for await (const event of follow(createWatch(store, bus), row)) heard.push(event);
  })();
  await expect.poll(() => heard.length).toBe(2);
  const key = "1/model/0";
  const say = (attempt: string, offset: number, text: string): void =>
    bus.publish({ type: "delta", task, key, attempt, channel: "text", offset, text });
  for (const attempt of ["old", "new"]) bus.publish({ type: "reset", task, key, attempt });
  say("new", 0, "Hello");
  say("old", 0, "superseded");
  say("new", 5, " world");
  await end(store);
  await listening;
  let text = "";
  for (const event of heard) {
    if (event.type === "reset") text = "";
    if (event.type === "delta") text = text.slice(0, event.offset) + event.text;
  }
  expect(text).toBe("Hello world");
});
