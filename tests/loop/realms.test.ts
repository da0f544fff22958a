import { runInNewContext } from "node:vm";
import { isCancelled, isSuspended } from "omniforge/loop";
import { scriptedEffects } from "omniforge/testing";
import { expect, it } from "vitest";
import { run } from "./script.ts";

/** An error of another realm: `instanceof Error` is false for it. */
function foreign(name: string): Error {
  const made: unknown = runInNewContext(`Object.assign(new Error(), { name: ${JSON.stringify(name)} })`);
  return made as Error;
}

it("the loop knows its two errors by name, whichever realm threw them", async () => {
  expect(foreign("Suspended") instanceof Error).toBe(false);
  expect([isSuspended(foreign("Suspended")), isCancelled(foreign("Cancelled"))]).toEqual([true, true]);
  const suspended = scriptedEffects({
    callModel: () => {
      throw foreign("Suspended");
    },
  });
  expect(await run(suspended)).toEqual({ kind: "yield", turn: 1 });
});

it.each([undefined, null, "Suspended", 7, {}, new Error("Suspended")])(
  "the loop takes %s for neither of them",
  (thrown) => {
    expect([isSuspended(thrown), isCancelled(thrown)]).toEqual([false, false]);
  },
);
