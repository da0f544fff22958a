/**
 * What people find tasks by in Temporal's lists: search attributes, and the summary of a workflow.
 *
 * Invariant: names, ids and states only, nothing that anybody said. They are shown and indexed as they stand.
 */
import type { SearchAttributePair } from "@temporalio/common";
import type { TaskState } from "omniforge/protocol";

/** All of them are keywords. They must be known to the server before any workflow uses them. */
export const attributes = {
  agent: "OmniForgeAgent",
  tenant: "OmniForgeTenant",
  root: "OmniForgeRoot",
  state: "OmniForgeState",
} as const;

export interface TaskLabels {
  readonly agent: string;
  /** The task that nobody's sub-agent runs. */
  readonly root: string;
}

export function labelsOf(tenant: string, { agent, root }: TaskLabels): SearchAttributePair[] {
  return [
    keyword(attributes.agent, agent),
    keyword(attributes.tenant, tenant),
    keyword(attributes.root, root),
    stateLabel("working"),
  ];
}

export const stateLabel = (state: TaskState): SearchAttributePair => keyword(attributes.state, state);

export const stateKey = { name: attributes.state, type: "KEYWORD" } as const;

const keyword = (name: string, value: string): SearchAttributePair => ({
  key: { name, type: "KEYWORD" },
  value,
});
