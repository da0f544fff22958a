/**
 * The one A2A extension of ours: how requests to people are described, and how they may be answered explicitly.
 *
 * A2A leaves the form of a pause to the agent. A status message in `input-required` carries a data part per request; a
 * message may carry, in its metadata under this URI, which request it answers and with what decision.
 */
import { z } from "zod";
import { json } from "../../protocol/json.ts";

export const inputsExtension = "urn:omniforge:a2a:inputs:v1";

/** What a message's metadata may say under the extension's URI. */
export const spokenAnswer = z.strictObject({
  /** Which request, and of which task where a sub-agent asks. Needed where more than one is open. */
  request: z.string().max(200).optional(),
  task: z.string().max(200).optional(),
  decision: z.enum(["approve", "reject", "answer"]).optional(),
  /** `approve`: arguments in place of the model's. */
  arguments: json.optional(),
  /** `reject`. */
  reason: z.string().max(100_000).optional(),
  /** `answer`. */
  value: json.optional(),
});
export type SpokenAnswer = z.infer<typeof spokenAnswer>;
