/** A task's sub-agents, as the store knows them. */
import type { TaskReference } from "../protocol/task.ts";
import type { TaskRow, TaskStore } from "../store/task-store.ts";

const pageSize = 100;

/** Every sub-agent's task, however many there are. */
export async function* childrenOf(
  store: TaskStore,
  { tenant, task }: TaskReference,
): AsyncGenerator<TaskRow> {
  let before: TaskRow | undefined;
  do {
    const page = await store.list({
      tenant,
      parent: task,
      limit: pageSize,
      ...(before !== undefined && { before }),
    });
    yield* page;
    before = page.length < pageSize ? undefined : page.at(-1);
  } while (before !== undefined);
}

/** The sub-agents' tasks, theirs included: each after those below it. */
export async function* descendantsOf(store: TaskStore, task: TaskReference): AsyncGenerator<TaskRow> {
  for await (const child of childrenOf(store, task)) {
    yield* descendantsOf(store, child);
    yield child;
  }
}
