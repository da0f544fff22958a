import { defineAgent } from "omniforge";
import type { Script } from "omniforge/testing";
import { expect, it } from "vitest";
import { withForge } from "./forge.ts";

const agent = defineAgent({
  name: "careful",
  instructions: "",
  model: "scripted:first",
  fallbackModels: ["scripted:second", "scripted:third"],
  modelRetry: { maximumAttempts: 2, initialIntervalMs: 1 },
});

async function run(scripts: { first: Script; second: Script; third: Script }) {
  const named = {
    "scripted:first": scripts.first,
    "scripted:second": scripts.second,
    "scripted:third": scripts.third,
  };
  return withForge(named, async (forge) => {
    const result = await forge.run(agent, "Hello");
    const log = await forge.log(result.task);
    const tried = log.flatMap((entry) =>
      entry.kind === "attempt" ? [`${entry.body.model} ${entry.body.error.code}`] : [],
    );
    const models = log.flatMap((entry) => (entry.kind === "reply" ? [entry.body.model] : []));
    return { result, tried, models };
  });
}

const busy: Script = () => ({ fail: { status: 503 } });
const closed: Script = () => ({ fail: { status: 401 } });
const well: Script = () => ({ text: "Hello!" });

it("tries the next model once the one before has used up its attempts", async () => {
  const { result, tried, models } = await run({ first: busy, second: well, third: closed });
  expect(result).toMatchObject({ state: "completed", text: "Hello!" });
  expect(tried).toEqual(["scripted:first MODEL_FAILED", "scripted:first MODEL_FAILED"]);
  expect(models).toEqual(["scripted:second"]);
});

it("leaves a model at once whose failure no waiting cures", async () => {
  const { tried, models } = await run({ first: closed, second: busy, third: well });
  expect(tried).toEqual([
    "scripted:first MODEL_REFUSED",
    "scripted:second MODEL_FAILED",
    "scripted:second MODEL_FAILED",
  ]);
  expect(models).toEqual(["scripted:third"]);
});

it("fails with the last model's failure when none is left", async () => {
  const { result, tried } = await run({ first: closed, second: closed, third: busy });
  expect(result).toMatchObject({ state: "failed", error: { code: "MODEL_FAILED" } });
  expect(tried).toHaveLength(4);
});
