/**
 * Which namespace a log's tasks are kept in: one, for all processes that share the log.
 *
 * Owns: refusing any other. A task that was begun in one namespace is "not found" in another, which would be taken for an
 * end from outside, and all that wait there would be ended. Where a namespace may not be looked at, nothing is compared.
 */
import { OmniForgeError } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import type { TemporalClient } from "./client.ts";
import type { Place, TemporalOptions } from "./options.ts";

/** Throws ENGINE_ELSEWHERE where tasks of this log are under way in another namespace, unless they are taken over. */
export async function settleHome(
  { store }: Pick<StepWorld, "store">,
  client: Pick<TemporalClient, "namespaceId">,
  { address, namespace }: Pick<Place, "address" | "namespace">,
  { takeOver = false }: Pick<TemporalOptions, "takeOver"> = {},
): Promise<void> {
  const id = await client.namespaceId();
  if (id === undefined) return;
  const here = { id, name: `namespace ${namespace} at ${address}` };
  if (takeOver) return store.executions.moveHome("temporal", here);
  const home = await store.executions.home("temporal", here);
  if (home.id === id) return;
  const where =
    home.name === here.name ? "which has lost its data since, or is another server now" : "not here";
  throw new OmniForgeError(
    "ENGINE_ELSEWHERE",
    `tasks of this log are under way in the ${home.name}, ${where} (here: ${here.name}). Point to the server that has ` +
      "them; or, when it is gone for good, stop all workers and have them go on here: omniforge temporal setup --take-over.",
  );
}
