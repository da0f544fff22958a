/** Creating a task: once by its id and by its tenant's idempotency key (P1), by one look and one statement. */
import { entryVersion } from "../../protocol/entry.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Row } from "../rows.ts";
import { toTaskRow } from "../rows.ts";
import { append, emptyHead, firstEntries, idTaken, neverRun } from "../decide.ts";
import type { NewTask, TaskRow } from "../task-store.ts";
import type { Connections, Value } from "./connections.ts";
import { isTaken } from "./failures.ts";
import { columnsOf, drawMark, logColumns } from "./rows.ts";

export interface Created {
  readonly row: TaskRow;
  readonly created: boolean;
}

/** Hashes of the specs that are known to be stored. */
const mostPinned = 1_000;

export class TaskCreation {
  readonly #connections: Connections;
  readonly #pinned = new Set<string>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Throws PARENT_ENDED or TASK_CONFLICT. */
  async create(task: NewTask): Promise<Created> {
    const mark = drawMark();
    // An insert whose connection was lost is found by its mark.
    return this.#connections.again(async () => {
      for (;;) {
        const found = await this.#find(task, mark);
        if (found !== undefined) return found;
        const made = await this.#insert(task, mark);
        if (made !== undefined) return made;
      }
    });
  }

  async #find(task: NewTask, mark: number): Promise<Created | undefined> {
    const { tenant } = task;
    const rows = await this.#connections.once("taskOrItsTwin", [
      task.task,
      tenant,
      task.idempotencyKey ?? null,
    ]);
    const mine = rows.find((row) => row["tenant"] === tenant);
    if (mine !== undefined) return { row: toTaskRow(mine), created: mine["created_mark"] === mark };
    if (rows.length > 0) throw idTaken(task);
    return undefined;
  }

  /** Undefined: somebody else was quicker. */
  async #insert(task: NewTask, mark: number): Promise<Created | undefined> {
    const { head, entries } = append(emptyHead(task), firstEntries(task), task.at);
    const [kinds, , bodies] = columnsOf(entries);
    const { hash, set } = task.specs;
    const isPinned = this.#pinned.has(hash);
    const values: readonly Value[] = [
      task.task,
      task.tenant,
      head.agent,
      head.specHash,
      head.loopVersion,
      head.engine,
      head.root,
      head.parent,
      head.parentKey,
      head.depth,
      head.workspace,
      head.context,
      task.idempotencyKey ?? null,
      head.createdAt,
      ...logColumns(head),
      head.state,
      entryVersion,
      mark,
      kinds,
      bodies,
      `message:${task.message.id}`,
      isPinned ? null : JSON.stringify(set),
      set.root,
      isPinned ? [] : (set.agents[set.root]?.skills ?? []),
    ];
    let inserted: readonly Row[];
    try {
      inserted = await this.#connections.once("insertTask", values);
    } catch (thrown) {
      if (isTaken(thrown)) return undefined;
      throw thrown;
    }
    if (inserted.length === 0)
      throw new OmniForgeError(
        "PARENT_ENDED",
        `task ${head.parent} has ended or is being cancelled: it opens no sub-agent`,
      );
    if (this.#pinned.size < mostPinned) this.#pinned.add(hash);
    return { row: { ...head, ...neverRun }, created: true };
  }
}
