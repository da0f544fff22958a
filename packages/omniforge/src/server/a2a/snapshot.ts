/** A task as it is at one seq of its log: where streams begin, and what reading it answers. */
import { isKind } from "../../protocol/entry.ts";
import type { Failure } from "../../protocol/error.ts";
import type { TaskRow } from "../../store/task-store.ts";
import { openDescendants, requestsOf, stateOf } from "./open-requests.ts";
import type { Task } from "./sdk.ts";
import type { Window } from "./window.ts";
import { toTheirArtifact, toTheirMessage, toTheirStatus } from "./task-out.ts";

export interface Shown {
  readonly row: TaskRow;
  /** Sub-agents' tasks that are open. */
  readonly below: readonly TaskRow[];
}

export interface View {
  /** Unset: the last hundred. */
  readonly historyLength?: number | undefined;
  readonly artifacts: boolean;
}

const usualHistory = 100;

export async function show({ store, masked }: Window, row: TaskRow): Promise<Shown> {
  return { row: masked(row), below: masked(await openDescendants(store, row)) };
}

/** The task as A2A shows it, as of its row. */
export async function toTheirTask(
  window: Window,
  { row, below }: Shown,
  { historyLength = usualHistory, artifacts }: View,
): Promise<Task> {
  const { said, made } =
    historyLength === 0 && !artifacts ? { said: [], made: [] } : await window.outlineOf(row);
  const recent = historyLength === 0 ? [] : said.slice(-historyLength);
  const asked = requestsOf(row, below);
  const error = row.state === "failed" ? await errorOf(window, row) : undefined;
  return {
    id: row.task,
    contextId: row.context,
    status: toTheirStatus(row, { state: stateOf(row, asked), asked, at: row.updatedAt, error }),
    history: await Promise.all(recent.map((one) => toTheirMessage(window, row, one))),
    artifacts: artifacts ? await Promise.all(made.map((one) => toTheirArtifact(window, row, one))) : [],
    metadata: row.cancelSeq !== null && row.endedSeq === null ? { cancelRequested: true } : undefined,
  };
}

async function errorOf({ store, masked }: Window, row: TaskRow): Promise<Failure | undefined> {
  if (row.endedSeq === null || row.erased) return undefined;
  const [last] = await store.read(row, row.endedSeq - 1, 1);
  return last && isKind("ended")(last) ? masked(last).body.error : undefined;
}
