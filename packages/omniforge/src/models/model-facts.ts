/**
 * What is known of a model beside its name: how much it reads and writes, and what its tokens cost.
 *
 * The table (`model-facts.json`) says as of when; providers change prices, so a caller's own facts win over it, and a
 * model that is not in it has no facts rather than guessed ones.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Usage } from "../protocol/message.ts";
import { modelFamily, unchatted } from "./model-reference.ts";

/** Prices in the table's currency per million tokens. What is not priced by itself costs what input costs. */
const prices = z.strictObject({
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  cacheRead: z.number().nonnegative().optional(),
  cacheWrite: z.number().nonnegative().optional(),
});

export const modelFacts = z.strictObject({
  /** Tokens of input and output together, or of input, as the provider counts its context. */
  context: z.number().int().positive().optional(),
  /** The most tokens of one reply. */
  output: z.number().int().positive().optional(),
  /** Whether it sees images that tools return. Default: models of OpenAI, Anthropic and Google do, others do not. */
  images: z.boolean().optional(),
  /**
   * Whether it thinks unasked and says what only when asked. It is asked then: a model that says nothing for minutes
   * can't be told from a broken connection. (Known of Anthropic's adaptive thinking, on by default since Claude 5.)
   */
  thinksUnseen: z.boolean().optional(),
  perMillion: prices.optional(),
  /** What a call costs whose input is longer than this. */
  above: z.strictObject({ inputTokens: z.number().int().positive(), perMillion: prices }).optional(),
});
export type ModelFacts = z.infer<typeof modelFacts>;

/** A caller's own facts, by reference or by the reference without its snapshot. */
export type ModelFactsTable = Readonly<Record<string, ModelFacts>>;

const table = z.strictObject({
  asOf: z.string().regex(/^\d{4}-\d{2}$/),
  currency: z.literal("USD"),
  models: z.record(z.string(), modelFacts),
});

let shipped: z.infer<typeof table> | undefined;

/** The table that ships with OmniForge, and as of which month it is right. Read once, when first asked for. */
export function shippedFacts(): z.infer<typeof table> {
  shipped ??= table.parse(JSON.parse(readFileSync(new URL("./model-facts.json", import.meta.url), "utf8")));
  return shipped;
}

/**
 * The facts of a model: each of the caller's before ours, the exact reference before the one without its snapshot
 * (`anthropic:claude-haiku-4-5-20251001` is `anthropic:claude-haiku-4-5`). Undefined where nothing is known.
 */
export function factsOf(named: string, own: ModelFactsTable = {}): ModelFacts | undefined {
  const reference = unchatted(named);
  const family = modelFamily(reference);
  const { models } = shippedFacts();
  const given = own[reference] ?? own[family];
  const known = models[reference] ?? models[family];
  if (given === undefined || known === undefined) return given ?? known;
  // A price of one's own is the price of long calls too, unless it says otherwise.
  const { above: _above, ...rest } = known;
  return { ...(given.perMillion === undefined ? known : rest), ...given };
}

/** Whether images that tools return are shown to the model: a server that knows none would refuse the whole call. */
export function seesImages(reference: string, own?: ModelFactsTable): boolean {
  return factsOf(reference, own)?.images ?? /^(anthropic|openai|google):/.test(unchatted(reference));
}

/**
 * What a usage costs in US dollars; undefined where the price is not known. The usage of one call: prices that depend
 * on its length are of the call, not of the task.
 */
export function costOf(usage: Usage, facts: ModelFacts | undefined): number | undefined {
  const long = facts?.above !== undefined && usage.inputTokens > facts.above.inputTokens;
  const price = long ? facts.above?.perMillion : facts?.perMillion;
  if (price === undefined) return undefined;
  const { inputTokens, outputTokens, cachedInputTokens: read = 0, cacheWriteTokens: written = 0 } = usage;
  const plain = Math.max(0, inputTokens - read - written);
  return (
    (plain * price.input +
      read * (price.cacheRead ?? price.input) +
      written * (price.cacheWrite ?? price.input) +
      outputTokens * price.output) /
    1_000_000
  );
}
