/** The floor on Temporal: what somebody would write by hand for this one agent. One activity a model call, one a tool call. */
import { proxyActivities } from "@temporalio/workflow";

export interface HandInput {
  readonly tenant: string;
  readonly turns: number;
}

export interface HandActivities {
  model(input: { readonly tenant: string; readonly turn: number; readonly last: boolean }): Promise<void>;
  tool(input: { readonly tenant: string; readonly turn: number }): Promise<void>;
  end(input: { readonly tenant: string }): Promise<void>;
}

const { model, tool, end } = proxyActivities<HandActivities>({
  startToCloseTimeout: 60_000,
  heartbeatTimeout: 3_000,
  retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 30_000 },
});

export async function handWritten({ tenant, turns }: HandInput): Promise<void> {
  for (let turn = 1; turn <= turns; turn++) {
    await model({ tenant, turn, last: false });
    await tool({ tenant, turn });
  }
  await model({ tenant, turn: turns + 1, last: true });
  await end({ tenant });
}
