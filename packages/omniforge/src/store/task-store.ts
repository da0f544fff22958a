/**
 * The port behind which tasks and their logs are kept: SQLite here, PostgreSQL for several hosts, memory for the
 * simulation. Every implementation applies commits through `decide.ts`, so the rules W1–W4 and K1–K2 exist once.
 *
 * A store owns durability and atomicity. It does not own what a commit means, nor when a task runs.
 */
import type { Limits, SpecSet } from "../protocol/agent-spec.ts";
import type { Entry, NewEntry } from "../protocol/entry.ts";
import type { InputRequest } from "../protocol/input.ts";
import type { Message, Usage } from "../protocol/message.ts";
import type { StepKey } from "../protocol/step-key.ts";
import type { EngineName, TaskReference, TaskState } from "../protocol/task.ts";

/** The projection of a task's log: everything here follows from its entries (see `project.ts`), written nowhere else. */
export interface TaskHead extends TaskReference {
  readonly agent: string;
  readonly specHash: string;
  readonly loopVersion: number;
  readonly engine: EngineName;
  readonly state: TaskState;
  readonly root: string;
  /** The conversation that the task belongs to: its sub-agents' tasks have it too. */
  readonly context: string;
  readonly parent: string | null;
  readonly parentKey: StepKey | null;
  readonly depth: number;
  readonly workspace: string | null;
  readonly limits: Limits;
  readonly headSeq: number;
  /** The turn that the last reply opened, and the seq of that reply: keys of the turn are looked up from there (K1). */
  readonly turn: number;
  readonly turnSeq: number;
  /** The transcript's epoch, and the turn and seq of the compaction that opened it. */
  readonly epoch: number;
  readonly epochTurn: number;
  readonly epochSeq: number;
  /** Messages accepted and messages taken, in the same order. */
  readonly messages: number;
  readonly taken: number;
  /** Sub-agents opened. */
  readonly children: number;
  readonly cancelSeq: number | null;
  readonly endedSeq: number | null;
  readonly pending: readonly InputRequest[];
  readonly usage: Usage;
  /** Time spent not waiting for people, up to `activeSince`; null while waiting. Milliseconds. */
  readonly activeMs: number;
  readonly activeSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly erased: boolean;
}

/** What an engine keeps about running a task; no part of its log. */
export interface TaskExecution {
  /** Who runs it in process, and the number that tells it from its predecessors. */
  readonly owner: string | null;
  readonly fence: number;
  /** Counts what was accepted and which children ended: a durable wake. */
  readonly wakes: number;
  /** The wakes that the engine had seen when it parked the task; null: not parked. */
  readonly parkedAtWakes: number | null;
  /** When a parked task is due without a wake: a deadline or a backoff. */
  readonly nextAt: number | null;
  /** The engine's own ids: of the first run and the current one. */
  readonly firstRun: string | null;
  readonly currentRun: string | null;
}

export type TaskRow = TaskHead & TaskExecution;

export interface TurnRead {
  readonly row: TaskRow;
  readonly entries: readonly Entry[];
}

export interface NewTask extends TaskReference {
  readonly agent: string;
  readonly specs: { readonly hash: string; readonly set: SpecSet };
  readonly engine: EngineName;
  readonly limits: Limits;
  readonly loopVersion: number;
  readonly root: string;
  readonly depth: number;
  readonly workspace?: string;
  /** The conversation that it belongs to. Default: one of its own, named like its root. */
  readonly context?: string;
  /** The call that opens this sub-agent; refused (PARENT_ENDED) once the parent has ended or was cancelled. */
  readonly parent?: { readonly task: string; readonly key: StepKey };
  readonly message: { readonly id: string; readonly message: Message; readonly actor?: string };
  /** Unique per tenant: the same key again finds the first task (P1). */
  readonly idempotencyKey?: string;
  /** The id has just been drawn for this order: nobody can have it, and it need not be looked up. */
  readonly isDrawn?: boolean;
  readonly at: number;
}

/** A commit is data: preconditions and entries, applied in one transaction (W1). */
export interface Commit extends TaskReference {
  readonly entries: readonly NewEntry[];
  readonly at: number;
  /** The key that decides (K2): found, and none of the entries are inserted. The entries' own keys decide likewise. */
  readonly key?: StepKey;
  /** The step's turn: refused as `stale` once a later turn has begun (K1). */
  readonly turn?: number;
  /** Only the model step opens the next turn. */
  readonly opensTurn?: boolean;
  /**
   * The ids that are accepted (P1), each unique for the task's life: `message:…`, `input:…`, `cancel:…`. Two where a
   * message is an answer: neither the message nor the request may have been accepted before.
   */
  readonly accepts?: string | readonly string[];
  /** In process: the committer's fence. */
  readonly fence?: number;
  /** The head's seq that the committer has read: otherwise `moved`. */
  readonly seq?: number;
  /** Kept aside when it comes too late to be inserted: the receipt of a payment, say (W2). */
  readonly keepLate?: boolean;
}

export type CommitResult =
  | { readonly kind: "committed"; readonly head: TaskHead; readonly entries: readonly Entry[] }
  /** By key or by accepted id: this came first. */
  | { readonly kind: "found"; readonly entry: Entry }
  | { readonly kind: "ended" }
  | { readonly kind: "lost" }
  | { readonly kind: "moved" }
  | { readonly kind: "stale" }
  | { readonly kind: "missing" };

export interface LateEntry {
  readonly key: string | null;
  readonly at: number;
  readonly entry: NewEntry;
}

export interface TaskFilter {
  readonly tenant: string;
  readonly agent?: string;
  readonly states?: readonly TaskState[];
  readonly parent?: string;
  readonly root?: string;
  /** Its agent's pinned spec has this skill. */
  readonly skill?: string;
  /** Created at this time or later; and earlier than that one. Epoch milliseconds. */
  readonly createdFrom?: number;
  readonly createdBefore?: number;
  /** After this one, in the list's order. */
  readonly before?: Pick<TaskRow, "createdAt" | "task">;
  readonly limit: number;
}

/** Which of a tenant's tasks that nobody's sub-agent runs, by when they last changed. */
export interface RecentFilter {
  readonly tenant: string;
  readonly agent: string;
  readonly context?: string;
  readonly states?: readonly TaskState[];
  /** Changed at this time or later. Epoch milliseconds. */
  readonly since?: number;
  /** After this one, in the list's order. */
  readonly after?: Pick<TaskRow, "updatedAt" | "task">;
  readonly limit: number;
}

/** One page, and how many tasks there are on all pages. */
export interface RecentTasks {
  readonly rows: readonly TaskRow[];
  readonly total: number;
}

/** Which logs have grown: `mark` names this moment. None named: more than can be, or it is not known since when. */
export interface Growth {
  readonly mark: string;
  readonly logs?: readonly (TaskReference & { readonly headSeq: number })[];
}

/** A task as it was created, with its first entries; or as it was found. */
export type Creation =
  | { readonly row: TaskRow; readonly created: true; readonly entries: readonly Entry[] }
  | { readonly row: TaskRow; readonly created: false };

export interface TaskStore {
  /**
   * Creates a task with its first two entries, durably; `created: false` when the id or idempotency key exists.
   *
   * Throws PARENT_ENDED, or TASK_CONFLICT when another tenant has the id.
   */
  create(task: NewTask): Promise<Creation>;
  /** Applies a commit; resolves once it is as durable as the store promises. */
  commit(commit: Commit): Promise<CommitResult>;
  row(reference: TaskReference): Promise<TaskRow | undefined>;
  /** The row and the entries since its current turn began, as of one moment. */
  turn(reference: TaskReference): Promise<TurnRead | undefined>;
  /** Entries with a seq above `after`, in order. */
  read(reference: TaskReference, after: number, limit?: number): Promise<readonly Entry[]>;
  /** The outcome or mark under a key of any turn. */
  find(reference: TaskReference, key: StepKey): Promise<Entry | undefined>;
  findAccepted(reference: TaskReference, id: string): Promise<Entry | undefined>;
  late(reference: TaskReference): Promise<readonly LateEntry[]>;
  specs(hash: string): Promise<SpecSet | undefined>;
  /** The newest first; those of one moment by their id, the greatest first. */
  list(filter: TaskFilter): Promise<readonly TaskRow[]>;
  /** Tasks without a parent, the last changed first. */
  recent(filter: RecentFilter): Promise<RecentTasks>;
  /** Deletes what was said; keeps seq, kind and key, and marks the head. Only ended tasks (TASK_NOT_ENDED). */
  erase(reference: TaskReference, at: number): Promise<void>;
  /**
   * Makes sure that what was erased is in no file any more. Without `rewrites` traces may be left where rows were moved.
   *
   * Throws ERASE_INCOMPLETE where others hold it up: to be repeated.
   */
  scrub(options: { readonly rewrites: boolean }): Promise<void>;
  /** Tasks without a parent, of all tenants, that ended before a time and are not erased; oldest first, after this one. */
  endedBefore(
    before: number,
    limit: number,
    after?: Pick<TaskRow, "updatedAt" | "task">,
  ): Promise<readonly TaskRow[]>;
  readonly executions: ExecutionStore;
  /** Whose logs have grown since a mark, whoever wrote. A store that can't tell has all followed logs compared. */
  readonly grown?: (since?: string) => Promise<Growth>;
  /** Writes something that means nothing, durably. Throws STORE_FAILED where nothing can be written. */
  readonly probe?: () => Promise<void>;
  /** A number that changes whenever another process has written. Cheap enough to ask twenty times a second. */
  version(): number;
  close(): Promise<void>;
}

/** A step beside which its process runs nothing else, because processes have died under it before (rule 8). */
export interface LoneStep {
  readonly task: string;
  readonly key: StepKey;
}

export interface Owner {
  readonly owner: string;
  readonly beatAt: number;
  /** The store knows that the process is gone. */
  readonly dead: boolean;
  /** As it last said: only this step can have ended it. */
  readonly alone?: LoneStep;
}

/** How many tasks of each tenant are held by whoever asks. */
export type Held = ReadonlyMap<string, number>;

/** Where an engine keeps the tasks of a log: a Temporal server's namespace, say. */
export interface EngineHome {
  /** Never given twice: a server that lost its data, or another one at the same address, has another. */
  readonly id: string;
  /** As people know it. */
  readonly name: string;
}

/** How engines keep track of what runs: scheduling columns beside the head, never state. */
export interface ExecutionStore {
  /** Takes a task for this owner under the next fence; undefined when another live owner has it or it has ended. */
  acquire(reference: TaskReference, owner: string): Promise<TaskRow | undefined>;
  /** Gives it up, parked or not; ignored when the fence has moved. */
  release(
    reference: TaskReference,
    fence: number,
    park?: { readonly wakes: number; readonly nextAt?: number },
  ): Promise<void>;
  /** Notes what a task waits for where its engine keeps it parked by itself. */
  park(reference: TaskReference, park: { readonly wakes: number; readonly nextAt?: number }): Promise<void>;
  /** Tasks of an engine that were woken, or fell due, since they were noted as parked: their wake may be lost. */
  unwoken(engine: EngineName, now: number, limit: number): Promise<readonly TaskReference[]>;
  /**
   * In-process tasks without an owner that may run now: never run, woken since they parked, or due. Tenants come in turns,
   * beginning with who holds least, and each one's oldest first. There may be more, even where fewer than the limit come.
   */
  runnable(now: number, limit: number, held?: Held): Promise<readonly TaskReference[]>;
  /** The earliest time that a parked in-process task is due. */
  nextDue(): Promise<number | undefined>;
  /** Tasks that this owner holds and that are to be cancelled. */
  cancelling(owner: string): Promise<readonly TaskReference[]>;
  /** Tasks that this owner holds. */
  ownedBy(owner: string): Promise<readonly TaskRow[]>;
  /** Says that this owner lives, and which step it runs alone, where it runs one so. */
  beat(owner: string, at: number, alone?: LoneStep): Promise<void>;
  /** Everybody who has said so and has not retired, and whoever holds a task all the same (`beatAt` 0). */
  owners(): Promise<readonly Owner[]>;
  /**
   * The owner holds nothing any more: it stopped gracefully, or everything was taken from it. `seenAt`: the beat that it
   * was taken for dead by; if it has said since that it lives, nothing happens.
   */
  retire(owner: string, seenAt?: number): Promise<void>;
  /** Takes a task from a dead owner (`seenAt`: as above), in one transaction: the recovery entry, no owner, next fence. */
  evict(
    reference: TaskReference,
    owner: string,
    recovery: NewEntry,
    at: number,
    seenAt?: number,
  ): Promise<boolean>;
  recordRun(reference: TaskReference, run: string): Promise<void>;
  /** The task that one of its engine's recorded runs belongs to: the first, or the latest. */
  taskOfRun(tenant: string, run: string): Promise<TaskReference | undefined>;
  /**
   * Where an engine keeps this log's tasks: here, where nobody has said so yet, or where all of them have ended. Returns what
   * counts, now and from now on.
   */
  home(engine: EngineName, here: EngineHome): Promise<EngineHome>;
  /** From now on they are kept here, and none of them has begun; nothing where they are kept here already. May be repeated. */
  moveHome(engine: EngineName, here: EngineHome): Promise<void>;
  /** Those of these tasks, of any tenant, that are an engine's and have not ended. */
  open(engine: EngineName, tasks: readonly string[]): Promise<readonly TaskRow[]>;
  /** Tasks of an engine that have not ended, oldest update first, those after this one: what a reconciler looks at (P5). */
  unfinished(
    engine: EngineName,
    updatedBefore: number,
    limit: number,
    after?: Pick<TaskRow, "updatedAt" | "task">,
  ): Promise<readonly TaskRow[]>;
  /** Not ended although the parent has: to be cancelled. */
  orphans(limit: number): Promise<readonly TaskReference[]>;
  /** Erased tasks of an engine that may still keep something of them: all those that it was not said `forgotten` of. */
  toForget(engine: EngineName, limit: number): Promise<readonly TaskReference[]>;
  forgotten(reference: TaskReference): Promise<void>;
}
