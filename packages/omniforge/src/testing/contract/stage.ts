/**
 * Where a scenario plays: a store in a folder of its own, the processes of the engine, and people who say things.
 *
 * Owns: starting processes, telling whoever is alive, waiting, and what is left at the end. Whoever says something writes
 * through a process that is alive; where none is, through a client, as another program would.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Limits } from "../../protocol/agent-spec.ts";
import { isKind, type Entry, type EntryKind, type EntryOf } from "../../protocol/entry.ts";
import { OmniForgeError, type ErrorCode } from "../../protocol/error.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import type { Answer, Input } from "../../protocol/input.ts";
import { textOf, userMessage } from "../../protocol/message.ts";
import { isTerminal, type TaskReference, type TerminalState } from "../../protocol/task.ts";
import { accept, type Accepted } from "../../steps/accept.ts";
import { createTask } from "../../steps/create-task.ts";
import { fileBlobs } from "../../store/blob-store.ts";
import { sqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { LateEntry, TaskRow, TaskStore } from "../../store/task-store.ts";
import type { CreateEngine, CreateStorage, OpenedStore } from "./engine.ts";
import { EngineProcess } from "./engine-process.ts";
import { Gates } from "./gates.ts";
import { createKit, type KitParts } from "./kit.ts";
import { Ledger } from "./ledger.ts";
import { Lifeline } from "./lifeline.ts";
import { toCast, type Cast, type Scenario } from "./scenario.ts";

/** A folder of the scenario's own, and the store that its processes share. */
interface Place {
  readonly folder: string;
  readonly open: () => Promise<OpenedStore>;
}

/** SQLite in the scenario's folder. */
export const sqliteStorage: CreateStorage = (folder) =>
  Promise.resolve(() =>
    Promise.resolve({
      store: sqliteStore(join(folder, "contract.db"), { durability: "process" }),
      blobs: fileBlobs(join(folder, "blobs")),
    }),
  );

const tenant = "contract";
const pollMs = 4;

export interface OrderOptions {
  readonly idempotencyKey?: string;
  readonly limits?: Partial<Limits>;
}

export interface ToldOptions {
  /** Default the scenario's first task. */
  readonly task?: string;
  /** `false`: it is accepted, and nobody tells the engine. */
  readonly wake?: boolean;
}

export class Stage {
  readonly ledger = new Ledger();
  readonly gates = new Gates();
  /** What followers of this process's tasks would have heard. */
  readonly events: TaskEvent[] = [];
  /** Read and written beside all processes. */
  readonly store: TaskStore;
  readonly #scenario: Scenario;
  readonly #create: CreateEngine;
  readonly #place: Place;
  readonly #patienceMs: number;
  readonly #processes: EngineProcess[] = [];
  readonly #dead = new Set<string>();
  readonly #roots: string[] = [];
  readonly #disposal: (() => Promise<void>)[] = [];
  #client: EngineProcess | undefined;

  private constructor(
    scenario: Scenario,
    create: CreateEngine,
    place: Place,
    store: TaskStore,
    patienceMs: number,
  ) {
    this.#scenario = scenario;
    this.#create = create;
    this.#place = place;
    this.#patienceMs = patienceMs;
    this.store = store;
  }

  static async open(
    scenario: Scenario,
    create: CreateEngine,
    storage: CreateStorage,
    patienceMs: number,
  ): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "omniforge-contract-"));
    const open = await storage(folder);
    return new Stage(scenario, create, { folder, open }, (await open()).store, patienceMs);
  }

  /** Starts one more process of the engine. `without`: tools that it does not have. */
  async start({ without = [] }: { readonly without?: readonly string[] } = {}): Promise<EngineProcess> {
    const started = await this.#begin(this.#processes.length + 1, true, without);
    this.#processes.push(started);
    return started;
  }

  /** The process that was started last. */
  get process(): EngineProcess {
    const last = this.#processes.at(-1);
    if (last === undefined) throw new Error("the scenario has started no process");
    return last;
  }

  /** Stops the last process gracefully and starts another. */
  async restart(): Promise<EngineProcess> {
    await this.process.stop();
    return this.start();
  }

  /** The id of the scenario's first task. */
  get task(): string {
    const [first] = this.#roots;
    if (first === undefined) throw new Error("the scenario has no task yet");
    return first;
  }

  /** The id of the sub-agent's task that this call of the first task opened. */
  child(turn = 1, index = 0): string {
    return `${this.task}.${turn}.${index}`;
  }

  /** Creates a task, and tells nobody. */
  async create(text = "go", { idempotencyKey, limits }: OrderOptions = {}): Promise<TaskReference> {
    const { world, backend } = await this.#alive();
    const { row, created } = await createTask(world, {
      tenant,
      task: `contract_${randomUUID()}`,
      specs: this.#cast(0).agent.specSet("scripted:none"),
      engine: backend.name,
      message: { message: userMessage(text) },
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(limits && { limits }),
    });
    if (created) this.#roots.push(row.task);
    return { tenant, task: row.task };
  }

  /** Creates a task and starts it. */
  async submit(text = "go", order: OrderOptions = {}): Promise<TaskReference> {
    const reference = await this.create(text, order);
    await (await this.#alive()).backend.start(reference);
    return reference;
  }

  /** Says something to a task. */
  say(text: string, id: string, told: ToldOptions = {}): Promise<Accepted> {
    return this.#tell({ kind: "message", id, message: userMessage(text) }, told);
  }

  /** Answers a request. */
  answer(request: string, given: Answer, told: ToldOptions = {}): Promise<Accepted> {
    return this.#tell({ kind: "answer", request, answer: given }, told);
  }

  approve(request: string, told: ToldOptions = {}): Promise<Accepted> {
    return this.answer(request, { decision: "approve" }, told);
  }

  cancel(told: ToldOptions & { readonly id?: string } = {}): Promise<Accepted> {
    return this.#tell({ kind: "cancel", id: told.id ?? "stop", reason: "changed my mind" }, told);
  }

  async wake(task = this.task): Promise<void> {
    await (await this.#alive()).backend.wake({ tenant, task });
  }

  /** Fails unless this is refused with the code. */
  async refuses(code: ErrorCode, attempted: Promise<unknown>): Promise<void> {
    await assert.rejects(attempted, (thrown) => {
      assert.ok(OmniForgeError.is(thrown), `an OmniForge error, not ${String(thrown)}`);
      assert.equal(thrown.code, code);
      return true;
    });
  }

  /** The row, once the condition holds. */
  async until(condition: (row: TaskRow) => boolean, what: string, task = this.task): Promise<TaskRow> {
    const deadline = Date.now() + this.#patienceMs;
    for (;;) {
      const row = await this.store.row({ tenant, task });
      if (row !== undefined && condition(row)) return row;
      if (Date.now() > deadline) throw new Error(await this.#impatient(what, task, row));
      await delay(pollMs);
    }
  }

  /** Once exactly these requests are pending. */
  asks(requests: readonly string[], task = this.task): Promise<TaskRow> {
    const same = (row: TaskRow): boolean =>
      row.pending
        .map(({ id }) => id)
        .toSorted()
        .join() === [...requests].toSorted().join();
    return this.until(same, `it asks for ${requests.join(", ")}`, task);
  }

  /** Once the task has ended, which must be like this; with its answer's text or its error's code, where one is given. */
  async ends(state: TerminalState, said?: string, task = this.task): Promise<EntryOf<"ended">> {
    await this.until((row) => isTerminal(row.state), `it is ${state}`, task);
    const ended = (await this.log(task)).find(isKind("ended"));
    assert.ok(ended, "an ended task has its terminal entry");
    const { parts, error } = ended.body;
    assert.equal(ended.body.state, state, `${state}: ${JSON.stringify(ended.body)}`);
    if (said !== undefined) assert.equal(state === "completed" ? textOf(parts) : error?.code, said);
    return ended;
  }

  /** The head of a task that is there. */
  async row(task = this.task): Promise<TaskRow> {
    const row = await this.store.row({ tenant, task });
    if (row === undefined) throw new Error(`there is no task ${task}`);
    return row;
  }

  log(task = this.task): Promise<readonly Entry[]> {
    return this.store.read({ tenant, task }, 0);
  }

  async entries<K extends EntryKind>(kind: K, task = this.task): Promise<readonly EntryOf<K>[]> {
    return (await this.log(task)).filter(isKind(kind));
  }

  /** Once the log holds this many entries of a kind. */
  logs(kind: EntryKind, count = 1, task = this.task): Promise<void> {
    const there = async (): Promise<boolean> => (await this.entries(kind, task)).length >= count;
    return this.eventually(there, `its log holds ${count} ${kind}`, task);
  }

  /** Once something else holds. */
  async eventually(holds: () => Promise<boolean>, what: string, task = this.task): Promise<void> {
    const deadline = Date.now() + this.#patienceMs;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(await this.#impatient(what, task));
      await delay(pollMs);
    }
  }

  late(task = this.task): Promise<readonly LateEntry[]> {
    return this.store.late({ tenant, task });
  }

  /** Every task of the scenario, the oldest first, under a name that is the same for every engine. */
  async tasks(): Promise<
    readonly { readonly name: string; readonly row: TaskRow; readonly log: readonly Entry[] }[]
  > {
    const rows = await this.store.list({ tenant, limit: 1_000 });
    const named = await Promise.all(
      rows.map(async (row) => {
        const number = this.#roots.indexOf(row.root) + 1;
        const name = `task${number > 1 ? `-${number}` : ""}${row.task.slice(row.root.length)}`;
        return { name, row, log: await this.log(row.task) };
      }),
    );
    return named.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Lets every process come to its end, so that whatever is still to be written has been. */
  async settle(): Promise<void> {
    for (const one of this.#processes) await one.stop();
    await this.#client?.stop();
    this.#client = undefined;
  }

  async close(): Promise<void> {
    await this.settle();
    for (const dispose of this.#disposal) await dispose();
    await this.store.close();
    await rm(this.#place.folder, { recursive: true, force: true });
  }

  async #tell(input: Input, { task = this.task, wake = true }: ToldOptions): Promise<Accepted> {
    const { world, backend } = await this.#alive();
    const accepted = await accept(world, { tenant, task }, input);
    if (wake)
      await (input.kind === "cancel" ? backend.cancel({ tenant, task }) : backend.wake({ tenant, task }));
    return accepted;
  }

  async #alive(): Promise<EngineProcess> {
    const alive = this.#processes.findLast((one) => one.running);
    if (alive !== undefined) return alive;
    this.#client ??= await this.#begin(0, false, []);
    return this.#client;
  }

  #begin(number: number, work: boolean, without: readonly string[]): Promise<EngineProcess> {
    return EngineProcess.start({
      ...this.#parts(number),
      ...this.#place,
      create: this.#create,
      cast: (kit) => toCast(this.#scenario.cast(kit)),
      work,
      place: basename(this.#place.folder),
      without,
      dead: this.#dead,
      hear: (event) => this.events.push(event),
      onClose: (dispose) => this.#disposal.push(dispose),
    });
  }

  #parts(number: number): KitParts {
    return {
      ledger: this.ledger,
      gates: this.gates,
      line: new Lifeline(),
      process: number,
      store: this.store,
    };
  }

  #cast(number: number): Cast {
    return toCast(this.#scenario.cast(createKit(this.#parts(number))));
  }

  async #impatient(what: string, task: string, row?: TaskRow): Promise<string> {
    const log = (await this.log(task)).map(
      ({ seq, kind, key = "", body }) => `  ${seq} ${kind} ${key} ${JSON.stringify(body).slice(0, 200)}`,
    );
    const { state, owner, wakes, parkedAtWakes, nextAt } = row ?? {};
    return `it took more than ${this.#patienceMs} ms until ${what}. ${JSON.stringify({ state, owner, wakes, parkedAtWakes, nextAt })}\n${log.join("\n")}`;
  }
}
