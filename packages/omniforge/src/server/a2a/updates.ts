/**
 * What becomes of a task after it was shown, as A2A's events.
 *
 * Invariants
 * 1. Every event comes from a durable entry, in the log's order: each stream of a task tells the same, and a stream that
 *    begins with a task as it was at one seq goes on with the entry behind it. Nothing is missed, nothing comes twice.
 * 2. It ends behind the event that says a terminal state, at the latest.
 */
import type { OmniForge } from "../../create-omniforge.ts";
import { isKind, type Entry } from "../../protocol/entry.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import type { TaskState } from "../../protocol/task.ts";
import { isTerminal } from "../../protocol/task.ts";
import { project } from "../../store/project.ts";
import type { TaskHead } from "../../store/task-store.ts";
import type { Asked } from "./answer.ts";
import { merge } from "./merge.ts";
import { requestsOf, stateOf } from "./open-requests.ts";
import { madeIn, saidIn } from "./outline.ts";
import type { StreamResponse } from "./sdk.ts";
import type { Shown } from "./snapshot.ts";
import type { Window } from "./window.ts";
import { toTheirArtifact, toTheirMessage, toTheirStatus } from "./task-out.ts";

/** One event, and the task's state behind it. */
export interface Update {
  readonly state: TaskState;
  readonly event: StreamResponse;
}

/** Follows from the seqs at which the task was shown, until it ends or the signal aborts. */
export async function* updatesOf(
  forge: Pick<OmniForge, "follow" | "tenant">,
  window: Window,
  { row, below }: Shown,
  signal: AbortSignal,
): AsyncGenerator<Update, void> {
  const { store, masked } = window;
  let root: TaskHead = row;
  const family = new Map<string, TaskHead>(below.map((one) => [one.task, one]));
  let asked = requestsOf(root, family.values());
  let state = stateOf(root, asked);
  if (isTerminal(state)) return;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const follow = ({ task, headSeq }: TaskHead): AsyncGenerator<TaskEvent, void> =>
    forge.follow(task, { after: headSeq, signal: either });
  const events = merge([root, ...family.values()].map(follow), () => stop.abort());

  /** A sub-agent that was opened: from where it is now, with what it asks already. */
  const adopt = async (entry: Entry): Promise<void> => {
    if (!isKind("child")(entry) || family.has(entry.body.task)) return;
    const opened = await store.row({ tenant: forge.tenant, task: entry.body.task });
    if (opened === undefined || opened.endedSeq !== null) return;
    family.set(opened.task, masked(opened));
    events.add(follow(opened));
  };

  for await (const event of events.items) {
    if (event.type !== "entry") continue;
    const { task, entry } = event;
    const own = task === row.task;
    if (own) root = project(root, entry);
    else {
      const head = family.get(task);
      if (head !== undefined) family.set(task, project(head, entry));
    }
    await adopt(entry);
    const before: Standing = { state, asked };
    asked = requestsOf(root, family.values());
    state = stateOf(root, asked);
    if (own)
      for (const made of madeIn(entry)) {
        const artifact = await toTheirArtifact(window, row, made);
        const value = { ...named(root), artifact, append: false, lastChunk: true, metadata: undefined };
        yield { state: before.state, event: { payload: { $case: "artifactUpdate", value } } };
      }
    const said = own && isKind("reply")(entry) && madeIn(entry).length === 0 ? saidIn(entry) : undefined;
    if (said === undefined && isSame(before, { state, asked })) continue;
    const words = said && (await toTheirMessage(window, row, said));
    const error = own && isKind("ended")(entry) ? entry.body.error : undefined;
    const status = toTheirStatus(row, { state, asked, at: entry.at, error, words });
    const value = { ...named(root), status, metadata: undefined };
    yield { state, event: { payload: { $case: "statusUpdate", value } } };
    if (isTerminal(state)) return;
  }
}

interface Standing {
  readonly state: TaskState;
  readonly asked: readonly Asked[];
}

const named = ({ task, context }: TaskHead): { taskId: string; contextId: string } => ({
  taskId: task,
  contextId: context,
});

function isSame(one: Standing, other: Standing): boolean {
  const ids = ({ asked }: Standing): string =>
    asked.map(({ task, request }) => `${task} ${request.id}`).join("\n");
  return one.state === other.state && ids(one) === ids(other);
}
