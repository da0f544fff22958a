import type { TaskEvent } from "omniforge/protocol";
import { expect, it } from "vitest";
import { createEventBus } from "../../packages/omniforge/src/events/event-bus.ts";
import { Outbox } from "../../packages/omniforge/src/events/redis/outbox.ts";
import { attemptOf } from "./place.ts";

it("what can't be sent does not pile up, and comes from the running text once there is room", () => {
  const bus = createEventBus();
  const outbox = new Outbox("self", bus.live);
  const reference = { tenant: "acme", task: "t" };
  const say = (event: TaskEvent): void => {
    bus.publish(event);
    outbox.tell(reference, event, Date.now());
  };
  const written = (): string[] =>
    outbox
      .take(Date.now())
      .flatMap(({ parts: [name, ...parts] }) => (name === "XADD" ? parts.slice(-1) : []));
  const textIn = (all: readonly string[]): string =>
    all.map((one) => /"text":"(.*)"/.exec(one)?.[1] ?? "").join("");
  const a = attemptOf("t", 2);
  outbox.open();
  say(a.begins());
  for (let index = 0; index < 20_000; index++) say(a.says("ten chars."));
  const first = written();
  expect(first.length).toBeLessThan(100);
  const second = written();
  expect(textIn([...first, ...second])).toBe("ten chars.".repeat(20_000));
  expect(written()).toEqual([]);
  outbox.shut();
  for (let index = 0; index < 1_000; index++) say(a.says("ten chars."));
  expect(written()).toEqual([]);
  outbox.open();
  expect(textIn(written())).toBe("ten chars.".repeat(21_000));
});
