/**
 * What a task has taken so far, its sub-agents included: tokens, and what they cost where every price is known.
 *
 * Each call is priced by itself, because prices depend on a call's length; so this counts entries and not the task's usage.
 */
import { unchatted } from "../../models/model-reference.ts";
import { costOf, factsOf, type ModelFactsTable } from "../../models/model-facts.ts";
import type { Entry } from "../../protocol/entry.ts";
import { addUsage, noUsage, type Usage } from "../../protocol/message.ts";
import { tokensText } from "./call-text.ts";

export interface Bill {
  add(task: string, entry: Entry): void;
  /** Empty where nothing was used yet. */
  tokens(): string;
  /** Empty where any call's price is not known: half a sum is no sum. */
  cost(): string;
}

/** `own`: prices that win over ours. */
export function createBill(own: ModelFactsTable = {}): Bill {
  let usage = noUsage;
  let dollars: number | undefined = 0;
  /** The model that a task last spoke with: a compaction does not say whom it asked. */
  const models = new Map<string, string>();

  const charge = (task: string, used: Usage, model = models.get(task)): void => {
    if (used.inputTokens + used.outputTokens === 0) return;
    usage = addUsage(usage, used);
    const cost = model === undefined ? undefined : costOf(used, factsOf(unchatted(model), own));
    dollars = cost === undefined || dollars === undefined ? undefined : dollars + cost;
  };

  return {
    add(task, entry) {
      if (entry.kind === "reply") {
        models.set(task, entry.body.model);
        charge(task, entry.body.usage, entry.body.model);
      }
      if (entry.kind === "attempt" && entry.body.usage !== undefined)
        charge(task, entry.body.usage, entry.body.model);
      if (entry.kind === "compaction") charge(task, entry.body.usage);
    },
    tokens: () => (usage === noUsage ? "" : tokensText(usage)),
    cost: () => (dollars === undefined || dollars === 0 ? "" : dollarsText(dollars)),
  };
}

/** Two digits that say something: `$1.20`, `$0.034`, `$0.0007`. */
function dollarsText(dollars: number): string {
  if (dollars >= 0.1) return `$${dollars.toFixed(2)}`;
  return `$${dollars.toFixed(Math.min(8, 1 - Math.floor(Math.log10(dollars))))}`;
}
