import { OmniForgeError } from "omniforge/protocol";
import { expect, it, vi } from "vitest";
import { createLookout } from "./lookout.ts";

/** A lookout over these answers, the last of them for good; what it said and how often it looked. */
function over(...answers: readonly (boolean | Error)[]) {
  const seen = { looked: 0, said: 0, errors: [] as unknown[] };
  const lookout = createLookout(
    () => {
      const answer = answers[Math.min(seen.looked++, answers.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer === true);
    },
    () => void seen.said++,
    (error) => seen.errors.push(error),
    1,
  );
  return { seen, lookout };
}

it("says at its first look that nobody is there, and not again soon", async () => {
  const { seen, lookout } = over(false);
  lookout.started();
  await vi.waitFor(() => expect(seen.said).toBe(1));
  lookout.started();
  expect(seen).toEqual({ looked: 1, said: 1, errors: [] });
});

it("looks again: whoever has just died is taken for alive at first", async () => {
  const { seen, lookout } = over(true, true, false);
  lookout.started();
  await vi.waitFor(() => expect(seen.said).toBe(1));
  expect(seen).toEqual({ looked: 3, said: 1, errors: [] });
});

it("rests after its third look, until something is started", async () => {
  const { seen, lookout } = over(true, true, true, false);
  lookout.started();
  await vi.waitFor(() => expect(seen.looked).toBe(3));
  lookout.started();
  await vi.waitFor(() => expect(seen.said).toBe(1));
});

it("passes on what went wrong, but for a server that is away", async () => {
  const broken = new Error("broken");
  const away = new OmniForgeError("ENGINE_UNREACHABLE", "away");
  const { seen, lookout } = over(away, broken, true);
  lookout.started();
  await vi.waitFor(() => expect(seen.looked).toBe(3));
  expect(seen).toMatchObject({ said: 0, errors: [broken] });
});

it("looks no more once it is stopped", async () => {
  const { seen, lookout } = over(false);
  lookout.started();
  lookout.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen.looked).toBe(0);
});
