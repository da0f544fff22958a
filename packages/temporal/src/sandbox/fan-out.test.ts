import { maximumParallelCalls } from "omniforge/protocol";
import { describe, expect, test } from "vitest";
import { fanOut } from "./fan-out.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe("fan-out", () => {
  test("performs all, in call order, and never more at once than the protocol allows", async () => {
    let running = 0;
    let most = 0;
    const outcomes = await fanOut(numbers(100), async (item) => {
      most = Math.max(most, ++running);
      await turn();
      running--;
      return item * 2;
    });
    expect(outcomes).toEqual(numbers(100).map((item) => item * 2));
    expect(most).toBe(maximumParallelCalls);
  });

  test("throws what the first by order has thrown, once all have come back", async () => {
    let ended = 0;
    const outcome = fanOut(numbers(5), async (item) => {
      await turn();
      if (item === 3) throw new Error("three");
      await turn();
      ended++;
      if (item === 1) throw new Error("one");
    });
    await expect(outcome).rejects.toThrow("one");
    expect(ended).toBe(4);
  });

  test("of nothing is nothing", async () => {
    expect(await fanOut([], () => Promise.reject(new Error("never")))).toEqual([]);
  });
});
