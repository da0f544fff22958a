/** Creating a task: once by its id and by its tenant's idempotency key (P1), in one transaction. */
import type { SQLInputValue } from "node:sqlite";
import type { SpecSet } from "../../protocol/agent-spec.ts";
import type { Entry } from "../../protocol/entry.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { append, emptyHead, firstEntries, idTaken, neverRun } from "../decide.ts";
import { headColumns, indexedColumns, toTaskRow } from "../rows.ts";
import type { Creation, NewTask, TaskHead, TaskRow } from "../task-store.ts";
import type { Database } from "./database.ts";
import type { KnownRow, RecentRows } from "./recent-rows.ts";
import { writeEntries } from "./write-entries.ts";

/** Hashes of specs that are known to be stored: they are never deleted. */
const mostPinned = 1_000;

export class TaskCreation {
  readonly #database: Database;
  readonly #rows: RecentRows;
  readonly #pinned = new Set<string>();

  constructor(database: Database, rows: RecentRows) {
    this.#database = database;
    this.#rows = rows;
  }

  /** Throws PARENT_ENDED or TASK_CONFLICT. */
  async create(task: NewTask): Promise<Creation> {
    const made = await this.#database.write(() => this.#find(task) ?? this.#insert(task));
    if (!("id" in made)) return { row: made, created: false };
    const { row, entries } = made;
    if (this.#pinned.size < mostPinned) this.#pinned.add(task.specs.hash);
    this.#rows.keep(made);
    return { row, created: true, entries };
  }

  #find(task: NewTask): TaskRow | undefined {
    const { tenant, idempotencyKey } = task;
    const named = task.isDrawn === true ? undefined : this.#database.get("taskOfAnyTenant", [task.task]);
    if (named?.["tenant"] === tenant) return toTaskRow(named);
    const keyed =
      idempotencyKey === undefined
        ? undefined
        : this.#database.get("taskByIdempotencyKey", [tenant, idempotencyKey]);
    if (keyed !== undefined) return toTaskRow(keyed);
    if (named !== undefined) throw idTaken(task);
    return undefined;
  }

  #insert(task: NewTask): KnownRow & { readonly entries: readonly Entry[] } {
    this.#checkParent(task);
    const { head, entries } = append(emptyHead(task), firstEntries(task), task.at);
    this.#insertSpecs(task.specs);
    const id = this.#database.insert("insertTask", Object.values(columnsOf(head, task)));
    writeEntries(this.#database, { id, head, entries, accepts: [] });
    this.#database.run("insertAccepted", [id, `message:${task.message.id}`, 2]);
    return { id, row: { ...head, ...neverRun }, entries };
  }

  #checkParent({ tenant, parent }: NewTask): void {
    if (parent === undefined) return;
    const row = this.#rows.read({ tenant, task: parent.task })?.row;
    if (row === undefined || row.endedSeq !== null || row.cancelSeq !== null)
      throw new OmniForgeError(
        "PARENT_ENDED",
        `task ${parent.task} has ended or is being cancelled: it opens no sub-agent`,
      );
  }

  #insertSpecs({ hash, set }: NewTask["specs"]): void {
    if (this.#pinned.has(hash) || this.#database.run("insertSpecs", [hash, JSON.stringify(set)]) === 0)
      return;
    for (const skill of skillsOf(set)) this.#database.run("insertSpecSkill", [skill, set.root, hash]);
  }
}

function skillsOf({ agents, root }: SpecSet): readonly string[] {
  return agents[root]?.skills ?? [];
}

/** In the order of the statement. */
function columnsOf(head: TaskHead, { specs, idempotencyKey }: NewTask): Record<string, SQLInputValue> {
  const { tenant, task, agent, specHash, loopVersion, engine, root, context, parent, parentKey, depth } =
    head;
  return {
    ...headColumns(head),
    ...indexedColumns(head),
    tenant,
    task,
    agent,
    specHash,
    loopVersion,
    engine,
    root,
    context,
    parent,
    parentKey,
    depth,
    workspace: head.workspace,
    createdAt: head.createdAt,
    idempotencyKey: idempotencyKey ?? null,
    skilled: skillsOf(specs.set).length > 0 ? 1 : 0,
  };
}
