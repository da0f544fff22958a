/** Creating a task: once by its id and by its tenant's idempotency key (P1), by one look and one statement. */
import { entryVersion } from "../../protocol/entry.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Row } from "../rows.ts";
import { toTaskRow } from "../rows.ts";
import { append, emptyHead, firstEntries, idTaken, neverRun } from "../decide.ts";
import type { Creation, NewTask } from "../task-store.ts";
import type { Connections, Value } from "./connections.ts";
import { isTaken } from "./failures.ts";
import { columnsOf, drawMark, logColumns } from "./rows.ts";

/** Hashes of the specs that are known to be stored. */
const mostPinned = 1_000;

/** What a new task begins with. */
type FirstWrite = ReturnType<typeof append>;

export class TaskCreation {
  readonly #connections: Connections;
  readonly #pinned = new Set<string>();

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Throws PARENT_ENDED or TASK_CONFLICT. */
  async create(task: NewTask): Promise<Creation> {
    const mark = drawMark();
    const first = append(emptyHead(task), firstEntries(task), task.at);
    // An insert whose connection was lost is found by its mark.
    return this.#connections.again(async () => {
      for (;;) {
        const found = await this.#find(task, mark, first);
        if (found !== undefined) return found;
        const made = await this.#insert(task, mark, first);
        if (made !== undefined) return made;
      }
    });
  }

  async #find(task: NewTask, mark: number, { entries }: FirstWrite): Promise<Creation | undefined> {
    const { tenant } = task;
    const rows = await this.#connections.once("taskOrItsTwin", [
      task.task,
      tenant,
      task.idempotencyKey ?? null,
    ]);
    const mine = rows.find((row) => row["tenant"] === tenant);
    if (mine !== undefined) {
      const row = toTaskRow(mine);
      return mine["created_mark"] === mark ? { row, created: true, entries } : { row, created: false };
    }
    if (rows.length > 0) throw idTaken(task);
    return undefined;
  }

  /** Undefined: somebody else was quicker. */
  async #insert(task: NewTask, mark: number, { head, entries }: FirstWrite): Promise<Creation | undefined> {
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
    return { row: { ...head, ...neverRun }, created: true, entries };
  }
}
