import { describe, expect, test } from "vitest";
import { polledBy, queuesOf } from "./queues.ts";

const one = { taskQueue: "of", queues: {}, modelRates: {} };
const split = { taskQueue: "of", queues: { model: "models", tools: "tools" }, modelRates: { slow: 2 } };

describe("queues", () => {
  test("are one, of which a workflow needs to know nothing", () => {
    expect(queuesOf(one, "any:model")).toBeUndefined();
    expect(polledBy(one, {})).toEqual([{ queue: "of", workflows: true }]);
  });

  test("of models and tools are their own, and so is that of a provider with a rate", () => {
    expect(queuesOf(split, "any:model")).toEqual({ model: "models", tools: "tools" });
    expect(queuesOf(split, "slow:model:7b")).toEqual({ model: "models-slow", tools: "tools" });
    expect(queuesOf({ ...one, modelRates: { slow: 2 } }, "slow:model")).toEqual({ model: "of-slow" });
    expect(polledBy(split, {})).toEqual([
      { queue: "of", workflows: true },
      { queue: "models", workflows: false },
      { queue: "models-slow", workflows: false, rate: 2 },
      { queue: "tools", workflows: false },
    ]);
  });

  test("are polled as a worker is told, each once", () => {
    expect(polledBy(split, { polls: ["tools", "gpu", "tools"] })).toEqual([
      { queue: "tools", workflows: false },
      { queue: "gpu", workflows: false },
    ]);
    expect(polledBy(one, { polls: ["workflow", "tools"] })).toEqual([{ queue: "of", workflows: true }]);
  });

  test("that are nobody's own can't be polled without the workflows", () => {
    expect(() => polledBy(one, { polls: ["model"] })).toThrow("queues.model");
  });
});
