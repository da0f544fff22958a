/** What the operations work with: one caller, one agent, one request. */
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { TaskRow } from "../../store/task-store.ts";
import type { Caller } from "../caller.ts";
import { malformedError } from "./errors.ts";
import type { Window } from "./window.ts";

export interface Desk {
  /** The caller's tenant's view. */
  readonly forge: OmniForge;
  readonly caller: Caller;
  readonly agent: Agent;
  readonly window: Window;
  /** Aborts when nobody listens any more: the only thing that ends following a task that does not. */
  readonly signal: AbortSignal;
  /** Does what may take long: it is one of the server's open streams meanwhile, and ends when they do. */
  readonly held: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

/** A task of this agent. Another agent's, or another tenant's, is not there. Throws TASK_NOT_FOUND. */
export async function rowOf({ forge, window, agent }: Desk, task: string): Promise<TaskRow> {
  const row = await window.store.row({ tenant: forge.tenant, task });
  if (row === undefined || row.agent !== agent.name)
    throw new OmniForgeError("TASK_NOT_FOUND", `agent ${agent.name} has no task ${task}`);
  return row;
}

/** The tenant comes from the credential: a request may repeat it, and not name another. */
export function checkTenant({ forge }: Pick<Desk, "forge">, named: string): void {
  if (named !== "" && named !== forge.tenant)
    throw malformedError("tenant: leave it out; the credential says whose tasks these are");
}
