/** What a call costs, by the prices that this process knows: its own, and those that ship with OmniForge. */
import { unchatted } from "../models/model-reference.ts";
import { costOf, factsOf } from "../models/model-facts.ts";
import type { Limits, SpecSet } from "../protocol/agent-spec.ts";
import { OmniForgeError } from "../protocol/error.ts";
import type { Usage } from "../protocol/message.ts";
import type { StepWorld } from "./step.ts";

type Prices = Pick<StepWorld, "modelFacts">;

/** Whether calls of this model can be held against a limit of cost. */
export function hasPrice({ modelFacts }: Prices, model: string): boolean {
  return factsOf(unchatted(model), modelFacts)?.perMillion !== undefined;
}

/** What the call cost is part of what it used, as long as its price is known. */
export function priced({ modelFacts }: Prices, model: string, usage: Usage): Usage {
  const costUsd = costOf(usage, factsOf(unchatted(model), modelFacts));
  return costUsd === undefined || costUsd === 0 ? usage : { ...usage, costUsd };
}

/** Tells at once what every call of these agents would be refused for. Throws PRICE_UNKNOWN. */
export function checkPrices(prices: Prices, { root, agents }: SpecSet, order: Partial<Limits> = {}): void {
  const ofTree = order.costUsd ?? agents[root]?.limits.costUsd;
  for (const { model, fallbackModels = [], limits } of Object.values(agents)) {
    if (ofTree === undefined && limits.costUsd === undefined) continue;
    const unknown = [model, ...fallbackModels].find((one) => !hasPrice(prices, one));
    if (unknown !== undefined) throw new OmniForgeError("PRICE_UNKNOWN", priceUnknown(unknown));
  }
}

/** Why a task with a limit of cost calls no model whose price nobody knows: it would spend without being counted. */
export function priceUnknown(model: string): string {
  return `the task has a limit of cost, and the price of ${unchatted(model)} is not known: give it in modelFacts (0 for a model that costs nothing)`;
}
