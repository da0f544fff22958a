/** What a task left in Temporal's histories: its runs, their bytes, and every text that can be read in them. */
import type { Client } from "@temporalio/client";
import proto, { type temporal } from "@temporalio/proto";

const { History, HistoryEvent } = proto.temporal.api.history.v1;

export type History = temporal.api.history.v1.IHistory;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

export interface Run {
  readonly run: string;
  readonly history: History;
  readonly events: readonly HistoryEvent[];
  readonly bytes: number;
}

/** All runs of a task, from the given one on: each names the one that continued it. */
export async function readRuns(client: Client, task: string, first: string): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let run: string | undefined = first; run !== undefined;) {
    const history: History = await client.workflow.getHandle(task, run).fetchHistory();
    const events = history.events ?? [];
    runs.push({
      run,
      history,
      events,
      bytes: History.encode(history).finish().length,
    });
    run = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return runs;
}

export function bytesOf(events: readonly HistoryEvent[]): number {
  return events.reduce((sum, event) => sum + HistoryEvent.encode(event).finish().length, 0);
}

/** Every text in it, with payloads as the text that they carry. */
export function textIn(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(value)
    .map(([name, one]) => `${name} ${textIn(one)}`)
    .join("\n");
}
