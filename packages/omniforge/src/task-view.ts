/** A task as it is shown, from its head and its terminal entry. */
import type { Backend } from "./backend/backend.ts";
import { isKind } from "./protocol/entry.ts";
import type { Task, TaskReference } from "./protocol/task.ts";
import type { TaskRow, TaskStore } from "./store/task-store.ts";

/** Reads a task; undefined where there is none in this tenant. */
export async function readTask(store: TaskStore, reference: TaskReference): Promise<Task | undefined> {
  const row = await store.row(reference);
  if (row === undefined) return undefined;
  const last = row.endedSeq === null ? [] : await store.read(row, row.endedSeq - 1, 1);
  const ended = last.find(isKind("ended"))?.body;
  return {
    ...toTask(row),
    ...(ended?.state === "completed" && { output: ended.parts }),
    ...(ended?.error !== undefined && { error: ended.error }),
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * By the id of one of its engine's runs, which is what people find in the engine's own lists. The log knows the first and the
 * latest; its engine is asked for those between them.
 */
export async function readByRun(
  store: TaskStore,
  backend: Pick<Backend, "taskOfRun">,
  { tenant, task: run }: TaskReference,
): Promise<Task | undefined> {
  if (!uuid.test(run)) return undefined;
  const known = await store.executions.taskOfRun(tenant, run);
  const task = known?.task ?? (await backend.taskOfRun?.(run));
  return task === undefined ? undefined : readTask(store, { tenant, task });
}

/** What the head alone tells. */
export function toTask(row: TaskRow): Task {
  const {
    tenant,
    task,
    agent,
    state,
    engine,
    turn,
    root,
    depth,
    createdAt,
    updatedAt,
    usage,
    pending,
    headSeq,
    erased,
  } = row;
  const shown = {
    tenant,
    task,
    agent,
    state,
    engine,
    turn,
    root,
    depth,
    createdAt,
    updatedAt,
    usage,
    pending,
    headSeq,
    erased,
  };
  return {
    ...shown,
    cancelRequested: row.cancelSeq !== null,
    ...(row.parent !== null && { parent: row.parent }),
  };
}
