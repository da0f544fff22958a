/** A typed client of OmniForge's REST API, for browsers and Node, without a dependency. */
import type { Limits } from "../protocol/agent-spec.ts";
import type { Entry } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { Answer, InputRequest } from "../protocol/input.ts";
import type { Message, Part } from "../protocol/message.ts";
import type { Role } from "../protocol/role.ts";
import type { Task, TaskState } from "../protocol/task.ts";
import { follow, type FollowOptions } from "./follow.ts";
import { createHttp, drawId, type ClientOptions } from "./http.ts";

/** Which tasks are listed. */
export interface ListedTasks {
  readonly agent?: string;
  readonly states?: readonly TaskState[];
  readonly parent?: string;
  readonly root?: string;
  readonly skill?: string;
  /** Created at this time or later; and earlier than that one. Epoch milliseconds. */
  readonly createdFrom?: number;
  readonly createdBefore?: number;
}

/** What an agent is for. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  readonly model: string;
  /** Whether it is the one that is used where none is named. */
  readonly default: boolean;
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly skills: readonly string[];
  /** Its sub-agents. */
  readonly agents: readonly string[];
  /** Whether it answers with a value by a schema. */
  readonly output: boolean;
}

/** A task with what was said in it last, and what it made. */
export type TaskDetail = Task & {
  readonly messages: readonly {
    readonly seq: number;
    readonly at: number;
    readonly role: "user" | "assistant";
    readonly actor?: string;
    readonly parts: readonly Part[];
  }[];
  readonly artifacts: readonly {
    readonly name: string;
    readonly mediaType: string;
    readonly bytes: number;
    readonly seq: number;
  }[];
};

export interface Order {
  /** The smaller of these and the agent's own count. */
  readonly limits?: Partial<Pick<Limits, "turns" | "tokens" | "wallTimeMs" | "costUsd">>;
  /** The conversation that the task belongs to. */
  readonly context?: string;
  /** The same key again finds the first task. Default: one of its own, so that a request that is repeated is one task. */
  readonly idempotencyKey?: string;
}

/** A request that waits for a person, and the task that waits: one that was listed, or one of its sub-agents. */
export interface OpenInput {
  readonly task: string;
  readonly agent: string;
  readonly request: InputRequest;
  /** The least role that may answer it. */
  readonly mayAnswer: Role;
}

export interface OmniForgeClient {
  /** The agents that tasks can be given to, the default first. */
  agents(): Promise<readonly AgentCard[]>;
  /** Gives an agent a task; it is durable once this resolves. Throws AGENT_NOT_FOUND. */
  submit(agent: string, text: string | Message, order?: Order): Promise<Task>;
  /**
   * Begins a conversation: a task that waits after each answer for what is said next. `say` goes on with it, `follow` hears
   * its answers. Throws AGENT_NOT_FOUND.
   */
  converse(agent: string, text: string | Message, order?: Omit<Order, "context">): Promise<Task>;
  /** Throws TASK_NOT_FOUND. */
  get(task: string): Promise<TaskDetail>;
  /** Tasks, newest first; further pages are fetched as they are asked for. */
  list(which?: ListedTasks): AsyncGenerator<Task, void>;
  /** Entries of a task's log above a seq, at most so many. */
  log(task: string, after?: number, limit?: number): Promise<readonly Entry[]>;
  /**
   * A task's events until it ends: each entry once and in order, whatever becomes of the connection, and running text that
   * is never torn. Feed them to `RunningText` for the text as it stands.
   */
  follow(task: string, options?: FollowOptions): AsyncGenerator<TaskEvent, void>;
  /** Everything that waits for a person. */
  inputs(): AsyncGenerator<OpenInput, void>;
  /**
   * Answers a request; the same id again is the same answer. Throws ALREADY_ANSWERED, DEADLINE_PASSED, INVALID_INPUT,
   * INPUT_NOT_FOUND or TASK_ENDED.
   */
  answer(task: string, request: string, answer: Answer, options?: { readonly id?: string }): Promise<void>;
  /** Says something to a running task; the same id again is the same message. Throws TASK_ENDED. */
  say(task: string, text: string | Message, options?: { readonly id?: string }): Promise<void>;
  /** Accepts a cancel; the task ends once what runs has let go. */
  cancel(task: string, reason?: string): Promise<void>;
  /** Deletes what was said and done in an ended task and its sub-agents. Throws TASK_NOT_ENDED. */
  erase(task: string): Promise<void>;
}

interface Page<Item, Cursor = string> {
  readonly items: readonly Item[];
  readonly next?: Cursor;
}

const pageSize = 200;
const entriesAtOnce = 1_000;

/** Makes a client of one server. Nothing is connected before the first call; every failure is a ClientError. */
export function createClient(options: ClientOptions): OmniForgeClient {
  const http = createHttp(options);
  const at = (...names: readonly string[]): string => `/${names.map(encodeURIComponent).join("/")}`;
  const post = (path: string, body: unknown, key: string): Promise<unknown> =>
    http.json(path, { method: "POST", body, headers: { "idempotency-key": key } });
  /** The server is of this release or a compatible one: what it sends has the shape that its document says. */
  const as = async <T>(answered: Promise<unknown>): Promise<T> => (await answered) as T;

  async function* pages<Item>(
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
  ): AsyncGenerator<Item, void> {
    for (let cursor: string | undefined; ;) {
      const page = await as<Page<Item>>(http.json(path, { query: { ...query, limit: pageSize, cursor } }));
      yield* page.items;
      cursor = page.next;
      if (cursor === undefined) return;
    }
  }

  return {
    async agents() {
      const { items } = await as<Page<AgentCard>>(http.json("/agents"));
      return items;
    },
    submit: (agent, text, { idempotencyKey = drawId(), ...order } = {}) =>
      as(post(at("agents", agent, "tasks"), { message: toBody(text), ...order }, idempotencyKey)),
    async converse(agent, text, { idempotencyKey = drawId(), ...order } = {}) {
      // The answer is not waited for: who wants it follows the task.
      const path = `${at("agents", agent, "chat")}?wait=0`;
      const body = { message: toBody(text), ...order };
      const begun = await as<{ conversation_id: string }>(post(path, body, idempotencyKey));
      return as(http.json(at("tasks", begun.conversation_id)));
    },
    get: (task) => as(http.json(at("tasks", task))),
    list({ states, ...which } = {}) {
      return pages("/tasks", { ...which, ...(states && { state: states.join(",") }) });
    },
    async log(task, after = 0, limit = Infinity) {
      const entries: Entry[] = [];
      while (entries.length < limit) {
        const query = {
          after: entries.at(-1)?.seq ?? after,
          limit: Math.min(entriesAtOnce, limit - entries.length),
        };
        const page = await as<Page<Entry, number>>(http.json(`${at("tasks", task)}/events`, { query }));
        entries.push(...page.items);
        if (page.next === undefined) break;
      }
      return entries;
    },
    follow: (task, followed) => follow(http, task, followed),
    inputs: () => pages("/inputs", {}),
    async answer(task, request, given, { id = drawId() } = {}) {
      await post(at("tasks", task, "inputs", request), given, id);
    },
    async say(task, text, { id = `message_${drawId()}` } = {}) {
      await post(`${at("tasks", task)}/messages`, { message: toBody(text) }, id);
    },
    async cancel(task, reason) {
      await post(`${at("tasks", task)}/cancel`, reason === undefined ? {} : { reason }, drawId());
    },
    async erase(task) {
      await http.json(at("tasks", task), { method: "DELETE" });
    },
  };
}

function toBody(text: string | Message): string | { readonly parts: readonly Part[] } {
  return typeof text === "string" ? text : { parts: text.parts };
}
