/** The recorded histories, and replaying them against a workflow bundle. */
import { readdirSync, readFileSync } from "node:fs";
import { Worker, type WorkflowBundleOption } from "@temporalio/worker";
import proto from "@temporalio/proto";
import { z } from "zod";
import type { History } from "../temporal/history.ts";

export const folder = new URL("histories/", import.meta.url);

const wire = proto.temporal.api.history.v1.History;

/** A history as JSON: enums by name, bytes in base64. */
export const toJson = (history: History): object =>
  wire.toObject(wire.fromObject(history), { enums: String, longs: String, bytes: String });

/** One run of a task's workflow. */
const recorded = z.object({
  task: z.string(),
  history: z.object({ events: z.array(z.record(z.string(), z.unknown())) }),
});
export type Recorded = z.infer<typeof recorded>;

export interface RecordedRun {
  /** Its course, and which run of it. */
  readonly name: string;
  readonly task: string;
  readonly history: History;
}

export function recordedRuns(): readonly RecordedRun[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) => {
      const runs = z.array(recorded).parse(JSON.parse(readFileSync(new URL(file, folder), "utf8")));
      return runs.map(({ task, history }, index) => ({
        name: `${file.replace(".json", "")} ${index + 1}`,
        task,
        history: wire.fromObject(history),
      }));
    });
}

/** The runs that a workflow of this bundle can't go on from, and why. */
export async function strandedBy(
  workflowBundle: WorkflowBundleOption,
  runs: readonly RecordedRun[],
): Promise<ReadonlyMap<string, string>> {
  const stranded = new Map<string, string>();
  const histories = runs.map(({ name, history }) => ({ workflowId: name, history }));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories))
    if (error !== undefined) stranded.set(workflowId, error.message);
  return stranded;
}
