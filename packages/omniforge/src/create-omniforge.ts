/**
 * An OmniForge: a store, what is registered, and one backend. The only place, beside the command line, that names a
 * concrete backend.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Agent } from "./agents/define-agent.ts";
import { attend } from "./attend.ts";
import type { Backend, BackendFactory } from "./backend/backend.ts";
import { forgetErased } from "./backend/reconcile.ts";
import { tellEngine } from "./backend/tell-engine.ts";
import { createEventBus, type EventBus } from "./events/event-bus.ts";
import { follow, type FollowOptions } from "./events/follow.ts";
import { createWatch, type Watch } from "./events/watch.ts";
import { maskRelay } from "./events/mask-relay.ts";
import { redisRelay } from "./events/redis/redis-relay.ts";
import { inProcess } from "./in-process/backend.ts";
import { loadTemporal } from "./load-temporal.ts";
import { discoverModels, registerDiscovered, type Discovery, type Probe } from "./models/discovery/index.ts";
import { createKeylessModel, keylessReference } from "./models/keyless/index.ts";
import type { LanguageModel } from "./models/language-model.ts";
import type { ModelFactsTable } from "./models/model-facts.ts";
import { createModelRegistry, type ModelRegistry } from "./models/model-registry.ts";
import type { Limits, SpecSet } from "./protocol/agent-spec.ts";
import type { Entry } from "./protocol/entry.ts";
import { OmniForgeError } from "./protocol/error.ts";
import type { TaskEvent } from "./protocol/event.ts";
import type { Answer, Input, InputRequest } from "./protocol/input.ts";
import type { Json } from "./protocol/json.ts";
import { textOf, userMessage, type Message } from "./protocol/message.ts";
import type { Task, TaskReference } from "./protocol/task.ts";
import { keptSince, startRetention, type Retention } from "./retention.ts";
import { accept, type Accepted } from "./steps/accept.ts";
import { createTask } from "./steps/create-task.ts";
import { eraseFamily } from "./steps/erase-family.ts";
import { createTranscripts } from "./steps/load-transcript.ts";
import { checkPrices } from "./steps/price.ts";
import { secretsOf } from "./redaction/known-secrets.ts";
import { createRedactor, type Redactor } from "./redaction/redactor.ts";
import type { ListedTasks, Tasks } from "./tasks.ts";
import type { StepWorld } from "./steps/step.ts";
import type { Durability } from "./store/sqlite/database.ts";
import type { KeyStore } from "./store/key-store.ts";
import { openStorage } from "./store/open-storage.ts";
import type { TaskFilter, TaskRow } from "./store/task-store.ts";
import { readByRun, readTask, toTask } from "./task-view.ts";
import { createToolRegistry, type ToolRegistry } from "./tools/tool-registry.ts";
import type { Tool } from "./tools/tool.ts";
import { traceTasks } from "./telemetry/index.ts";
import { sleep } from "./sleep.ts";

export interface OmniForgeOptions {
  /** Where tasks are kept. Default `.omniforge` in the working directory. */
  readonly dataDirectory?: string;
  /** Agents whose tasks may be found here from an earlier process: their tools are registered at once. */
  readonly agents?: readonly Agent[];
  readonly tools?: readonly Tool[];
  /** By reference, `provider:model`; or a provider's models, by its name alone. */
  readonly models?: Readonly<Record<string, LanguageModel | ((name: string) => LanguageModel)>>;
  /** The model of agents that name none. Default: what a key in the environment offers, else the keyless one. */
  readonly model?: string;
  /** Context lengths and prices that win over those that ship with OmniForge, by reference. */
  readonly modelFacts?: ModelFactsTable;
  /** What was found of models. Default: what the environment names; local servers are not asked. */
  readonly discovery?: Discovery;
  /** `temporal` needs the package @omniforge/temporal. */
  readonly backend?: "in-process" | "temporal" | BackendFactory;
  readonly durability?: Durability;
  /**
   * `postgres://user:password@host/database`: tasks, keys and large values are kept there, and not in the data directory.
   * Needs the package pg.
   */
  readonly database?: string;
  /**
   * `redis://user:password@host/0`: who follows a task that another process runs sees what is being said there, as it is
   * said. Needs the package redis. While it is away, followers see the log only.
   */
  readonly redis?: string;
  /** The folder that tasks work on where their order names none. Default the working directory. */
  readonly workspace?: string;
  /** Whether this process executes tasks. Default true; false: a client of those that do. */
  readonly work?: boolean;
  readonly tenant?: string;
  /** How long ended tasks are kept, of all tenants. Default for ever. Only where tasks are executed. */
  readonly retention?: Retention;
  /** Members of tools' and people's values that are shown to nobody: names, or paths like `$.card.number`. */
  readonly redact?: readonly string[];
}

export interface SubmitOptions {
  readonly idempotencyKey?: string;
  readonly workspace?: string;
  readonly limits?: Partial<Limits>;
  /** The first message's id, for whoever wants to know the task by it again. */
  readonly messageId?: string;
  /** The conversation that the task belongs to. Default: one of its own. */
  readonly context?: string;
  /** Who gave the order, as its log is to say. */
  readonly actor?: string;
}

export interface RunOptions extends SubmitOptions {
  /** Answers requests; undefined leaves one open. */
  readonly answer?: (request: InputRequest, task: string) => Answer | undefined | Promise<Answer | undefined>;
}

/** What `run` gives: the task as it ended, or as it waits for a person; its answer's text, and its value by schema. */
export type RunResult = Task & { readonly text: string; readonly value?: Json };

export interface OmniForge extends Tasks {
  /** Whose tasks it sees and creates. */
  readonly tenant: string;
  /** The same OmniForge for another tenant: same store, agents and engine. Closing either closes both. */
  forTenant(tenant: string): OmniForge;
  /** What steps and surfaces need of this process: store, blobs, registries. */
  readonly world: StepWorld;
  /** The one watch over all logs that this process follows. */
  readonly watch: Watch;
  /** What this process announces, of all tenants: hints, for counting and tracing. */
  readonly events: Pick<EventBus, "subscribe">;
  readonly tools: ToolRegistry;
  readonly models: ModelRegistry;
  /** By name, the first of each. */
  readonly agents: ReadonlyMap<string, Agent>;
  /** The model of agents that name none. */
  readonly model: string;
  readonly backend: Backend;
  /** API keys of all tenants: who may come in at a server of this data directory. */
  readonly keys: KeyStore;
  /** What is masked before anything leaves this process; surfaces read through `redactForge`. */
  readonly redactor: Redactor;
  /** Submits, and resolves once the task has ended, or waits for a person and `answer` has nothing to say. */
  run(agent: Agent, text: string | Message, options?: RunOptions): Promise<RunResult>;
  /** Creates a task durably and starts it. The same idempotency key again finds the first. Throws MODEL_NOT_FOUND or PRICE_UNKNOWN. */
  submit(agent: Agent, text: string | Message, options?: SubmitOptions): Promise<Task>;
  /** By its id, or by the id of one of its engine's runs. Throws TASK_NOT_FOUND. */
  get(task: string): Promise<Task>;
  list(filter?: Partial<Omit<TaskFilter, "tenant">>): Promise<readonly Task[]>;
  each(which?: ListedTasks): AsyncGenerator<Task, void>;
  /** Entries above a seq, at most so many. */
  log(task: string, after?: number, limit?: number): Promise<readonly Entry[]>;
  /** The task's events from a seq on, until it ends. */
  follow(task: string, options?: FollowOptions): AsyncGenerator<TaskEvent, void>;
  /**
   * Accepts anything that people say, durably and once per id, and tells the engine. `repeated`: this id had been accepted
   * before. Throws as `respond` does, and TASK_NOT_FOUND.
   */
  accept(task: string, input: Input): Promise<Accepted>;
  /** Says something to a running task; the same id again is the same message. */
  say(task: string, text: string | Message, id?: string): Promise<void>;
  /** Answers a request. Throws ALREADY_ANSWERED, DEADLINE_PASSED, INVALID_INPUT, INPUT_NOT_FOUND or TASK_ENDED. */
  respond(task: string, request: string, answer: Answer): Promise<void>;
  /** Accepts a cancel; the task ends once what runs has let go. */
  cancel(task: string, reason?: string): Promise<void>;
  /**
   * Deletes what was said and done in an ended task and its sub-agents, and rewrites the database so that no file holds it.
   *
   * May be repeated. Throws TASK_NOT_ENDED; ERASE_INCOMPLETE where another program keeps the files from being cleaned.
   */
  erase(task: string): Promise<void>;
  /**
   * Copies everything, as of one moment, into a new folder that can be opened as a data directory. Tasks run on meanwhile.
   *
   * Throws INVALID_INPUT when the folder exists. Tasks in the copy that have not ended go on wherever it is opened: open
   * it with `work: false`, or once the original is gone.
   */
  backup(folder: string): Promise<void>;
  /** Stops gracefully: running steps may finish, unfinished tasks go on at the next opening. May be repeated. */
  close(): Promise<void>;
}

/** Opens an OmniForge; unfinished tasks of its data directory go on at once. */
export async function createOmniForge(options: OmniForgeOptions = {}): Promise<OmniForge> {
  const { tenant = "default", durability, work = true, retention } = options;
  if (retention) keptSince(retention, Date.now());
  const redactor = createRedactor({ fields: options.redact ?? [], secrets: secretsOf(process.env) });
  const directory = resolve(options.dataDirectory ?? ".omniforge");
  const bus = createEventBus();
  const masked = redactor.published();
  const tools = createToolRegistry();
  const models = createModelRegistry();
  models.register(keylessReference, createKeylessModel());
  const discovery = options.discovery ?? (await discoverModels(process.env, asksNobody));
  registerDiscovered(models, discovery.found);
  const model = options.model ?? discovery.offer ?? keylessReference;
  for (const [reference, one] of Object.entries(options.models ?? {})) models.register(reference, one);
  const agents = new Map<string, Agent>();
  /** The same tool object may come with several agents; another one of the same name is a mistake. */
  const know = (agent: Agent): void => {
    // A conversation's agent has the name of the one that it was made of.
    if (!agents.has(agent.name)) agents.set(agent.name, agent);
    for (const tool of agent.tools) if (tools.get(tool.spec.name) !== tool) tools.register(tool);
  };
  for (const tool of options.tools ?? []) tools.register(tool);
  for (const agent of options.agents ?? []) know(agent);
  const makeBackend = await backendFactory(options.backend ?? "in-process");

  const relay = options.redis === undefined ? undefined : redisRelay(options.redis, bus.live);
  const { store, blobs, backup } = await openStorage({ directory, database: options.database, durability });
  const world = {
    store,
    blobs,
    tools,
    models,
    ...(options.modelFacts && { modelFacts: options.modelFacts }),
    transcripts: createTranscripts(store),
    now: Date.now,
    sleep,
    nonce: randomUUID,
    publish(event, owner) {
      const shown = masked(event);
      if (shown === undefined) return;
      bus.publish(shown);
      relay?.tell({ tenant: owner, task: event.task }, shown);
    },
    workspace: resolve(options.workspace ?? "."),
    cancelGraceMs: 2_000,
  } satisfies StepWorld;
  const backend = await makeBackend(world, { work }).catch(async (thrown: unknown) => {
    await Promise.all([relay?.close(), store.close()]);
    throw thrown;
  });
  if (work) relay?.open();

  const sweeper = work && retention ? startRetention(world, retention, warn) : undefined;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= Promise.all([backend.close(), sweeper?.stop()])
      .then(() => relay?.close())
      .then(() => store.close()));
  const views = new Map<string, OmniForge>();
  const watch = createWatch(store, bus, { relay: relay && maskRelay(relay, redactor) });
  bus.subscribe(traceTasks());
  const parts: Parts = {
    redactor,
    world,
    backend,
    watch,
    events: bus,
    agents,
    know,
    model,
    work,
    keys: store.keys,
    backup,
    forTenant,
    close,
  };
  function forTenant(name: string): OmniForge {
    const view = views.get(name) ?? tenantView(parts, name);
    views.set(name, view);
    return view;
  }
  return forTenant(tenant);
}

const pageOfTasks = 200;

/** What the views of all tenants share. */
interface Parts extends Pick<
  OmniForge,
  "agents" | "backend" | "redactor" | "keys" | "backup" | "forTenant" | "close"
> {
  readonly world: StepWorld;
  readonly watch: Watch;
  readonly events: EventBus;
  readonly know: (agent: Agent) => void;
  readonly model: string;
  readonly work: boolean;
}

/** One tenant's view: nothing in here can name another's task. */
function tenantView(parts: Parts, tenant: string): OmniForge {
  const { world, backend, watch, events, agents, know, model, work, keys, backup, forTenant, close } = parts;
  const { store, tools, models } = world;
  const named = (task: string): TaskReference => ({ tenant, task });
  const get = async (task: string): Promise<Task> => {
    const found = (await readTask(store, named(task))) ?? (await readByRun(store, backend, named(task)));
    if (found === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${task}`);
    return found;
  };
  const take = async (task: string, input: Input): Promise<Accepted> => {
    const accepted = await accept(world, named(task), input);
    await tellEngine(() =>
      input.kind === "cancel" ? backend.cancel(named(task)) : backend.wake(named(task)),
    );
    return accepted;
  };
  const forge: OmniForge = {
    tenant,
    forTenant,
    world,
    watch,
    events,
    tools,
    models,
    agents,
    model,
    backend,
    keys,
    redactor: parts.redactor,
    async submit(agent, text, order = {}) {
      know(agent);
      const { workspace, context, idempotencyKey, limits, messageId, actor } = order;
      const specs = agent.specSet(model);
      if (work) {
        checkModels(models, specs);
        checkPrices(world, specs, limits);
      }
      const { row, created } = await createTask(world, {
        tenant,
        specs,
        engine: backend.name,
        message: {
          message: toMessage(text),
          ...(messageId !== undefined && { id: messageId }),
          ...(actor !== undefined && { actor }),
        },
        workspace: resolve(workspace ?? world.workspace),
        ...(limits && { limits }),
        ...(context !== undefined && { context }),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      });
      if (created || row.endedSeq === null) await tellEngine(() => backend.start(row));
      return toTask(row);
    },
    async run(agent, text, order = {}) {
      const { task } = await forge.submit(agent, text, order);
      await attend(forge, task, order.answer);
      const result = await get(task);
      const output = result.output ?? [];
      const value = output.find((part) => part.type === "data")?.value;
      return { ...result, text: textOf(output), ...(value !== undefined && { value }) };
    },
    get,
    list: async (filter = {}) => (await store.list({ limit: 100, ...filter, tenant })).map(toTask),
    async *each(which) {
      let before: TaskRow | undefined;
      for (;;) {
        const rows = await store.list({ ...which, limit: pageOfTasks, tenant, ...(before && { before }) });
        yield* rows.map(toTask);
        before = rows.at(-1);
        if (rows.length < pageOfTasks) return;
      }
    },
    log: (task, after = 0, limit) => store.read(named(task), after, limit),
    follow: (task, following) => follow(watch, named(task), following),
    accept: take,
    async say(task, text, id = `message_${randomUUID()}`) {
      await take(task, { kind: "message", id, message: toMessage(text) });
    },
    async respond(task, request, answer) {
      await take(task, { kind: "answer", request, answer });
    },
    async cancel(task, reason) {
      const id = `cancel_${randomUUID()}`;
      await take(task, { kind: "cancel", id, ...(reason !== undefined && { reason }) });
    },
    async erase(task) {
      await eraseFamily(world, named(task));
      await tellEngine(() => forgetErased(world, backend, warn), {
        later: "It deletes what it keeps of it when it is back.",
        isPatient: true,
      });
      await store.scrub({ rewrites: true });
    },
    backup: (folder) => backup(resolve(folder)),
    close,
  };
  return forge;
}

const warn = (error: unknown): void =>
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));

/** Only the environment is read: opening an OmniForge calls no server. */
const asksNobody: Probe = () => Promise.resolve({ kind: "nothing", why: "it was not asked" });

/** A name that no process of this program will ever know is told at once, not after the task has waited for it. */
function checkModels(models: ModelRegistry, specs: SpecSet): void {
  for (const spec of Object.values(specs.agents)) models.get(spec.model);
}

function toMessage(text: string | Message): Message {
  return typeof text === "string" ? userMessage(text) : text;
}

async function backendFactory(choice: NonNullable<OmniForgeOptions["backend"]>): Promise<BackendFactory> {
  if (typeof choice === "function") return choice;
  return choice === "in-process" ? inProcess() : loadTemporal();
}
