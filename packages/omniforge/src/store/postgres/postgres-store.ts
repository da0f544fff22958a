/**
 * TaskStore on PostgreSQL: any number of processes on any number of hosts.
 *
 * Owns: opening, and which statements a read is made of. Commits are `commits.ts`'s; what one means is `decide.ts`'s.
 */
import type { Client } from "pg";
import { specSet } from "../../protocol/agent-spec.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { TaskReference } from "../../protocol/task.ts";
import type { BlobStore } from "../blob-store.ts";
import type { KeyStore } from "../key-store.ts";
import { toEntry, toLate, toTaskRow } from "../rows.ts";
import type { TaskStore, TurnRead } from "../task-store.ts";
import { readAddress } from "./address.ts";
import { Commits } from "./commits.ts";
import { Connections, sessionOf } from "./connections.ts";
import { TaskCreation } from "./create-task.ts";
import { postgresExecutions } from "./executions.ts";
import { Lost, refusal, toLost } from "./failures.ts";
import { GrowthNotes } from "./growth.ts";
import { KnownTurns } from "./known-turns.ts";
import { listTasks, recentTasks } from "./lists.ts";
import { loadDriver } from "./load-driver.ts";
import { migrate } from "./migrate.ts";
import { postgresBlobs } from "./postgres-blobs.ts";
import { postgresKeys } from "./postgres-keys.ts";
import { Presence } from "./presence.ts";
import { entryBeside } from "./rows.ts";

const everything = 1_000_000_000;
/** Entries whose content is deleted in one transaction. */
const erasedAtOnce = 1_000;
/** Stands before every task. */
const beforeAll = { updatedAt: Number.MIN_SAFE_INTEGER, task: "" };
/** Where what was erased had stood. */
const erasedTables = ["entries", "accepted", "late", "tasks", "blobs"];

export interface PostgresStore extends TaskStore {
  /** API keys, in the same database. */
  readonly keys: KeyStore;
  /** Large values, in the same database. */
  readonly blobs: BlobStore;
  /** The address, without its password. */
  readonly shown: string;
}

export interface PostgresOptions {
  /** `power` (default): synchronous_commit on; `process`: off, so that a crash of the server loses the last moment. */
  readonly durability?: "power" | "process";
  /** Connections at most, besides one by which the process is present. Default 10. */
  readonly connections?: number;
  /** How long a server that is away is waited for. Default ten seconds. */
  readonly patienceMs?: number;
  /** How often is looked for what nobody announced. Default two seconds. */
  readonly pollMs?: number;
}

/**
 * Opens, and creates or migrates, the store at `postgres://user:password@host:port/database?schema=omniforge`.
 *
 * Throws STORE_PACKAGE_MISSING, STORE_UNREACHABLE, STORE_TOO_NEW, or STORE_FAILED for what the server refuses.
 */
export async function postgresStore(address: string, options: PostgresOptions = {}): Promise<PostgresStore> {
  const { durability = "power", connections: most = 10, patienceMs = 10_000, pollMs = 2_000 } = options;
  const place = readAddress(address);
  const driver = await loadDriver();
  const connections = new Connections(driver, place, { durability, connections: most, patienceMs });
  const growth = new GrowthNotes();
  const connect = async (): Promise<Client> => {
    const client = new driver.Client({
      ...sessionOf(driver, place, durability),
      connectionTimeoutMillis: patienceMs,
    });
    // Its user listens too; a connection that breaks while it is made must not end the process.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  const presence = new Presence(growth, { schema: place.schema, pollMs, connect });
  const opening = async (): Promise<void> => {
    try {
      await migrateOnce(connect, place.schema);
      await presence.open();
    } catch (thrown) {
      const lost = toLost(thrown);
      throw lost === undefined ? refusal(thrown) : new Lost(lost.cause, false);
    }
  };
  await connections.again(opening).catch(async (thrown: unknown) => {
    await presence.close();
    await connections.close();
    throw thrown;
  });

  const { ask } = connections;
  const known = new KnownTurns();
  const creation = new TaskCreation(connections);
  const commits = new Commits(connections, known, ({ head: { tenant, task, headSeq } }) =>
    presence.wrote([{ tenant, task, headSeq }]),
  );

  async function turn({ tenant, task }: TaskReference): Promise<TurnRead | undefined> {
    const before = known.get({ tenant, task });
    const rows = await ask("turnOf", [task, tenant, before?.row.headSeq ?? 0]);
    const [first] = rows;
    if (first === undefined) return undefined;
    const row = toTaskRow(first);
    const added = rows.flatMap((one) => entryBeside(one) ?? []);
    const kept = row.erased ? [] : (before?.entries ?? []).filter(({ seq }) => seq >= row.turnSeq);
    const entries = [...kept, ...added];
    known.keep({ id: Number(first["id"]), row, entries });
    return { row, entries };
  }

  /** In pieces, so that a long log holds nobody up; the head is marked last, so that what was killed is done again. */
  async function erase({ tenant, task }: TaskReference): Promise<void> {
    const [row] = await ask("idOf", [task, tenant]);
    if (row === undefined) throw new OmniForgeError("TASK_NOT_FOUND", `there is no task ${task}`);
    if (row["ended_seq"] === null)
      throw new OmniForgeError("TASK_NOT_ENDED", `task ${task} has not ended: it can't be erased`);
    const id = Number(row["id"]);
    for (let from = 1; from <= Number(row["head_seq"]); from += erasedAtOnce)
      await ask("eraseEntries", [id, from, from + erasedAtOnce - 1]);
    await connections.again(() =>
      connections.transaction(async (asked) => {
        // First the head: who keeps something aside at this moment is waited for, or sees the mark.
        for (const statement of ["eraseTask", "eraseAccepted", "eraseLate"]) await asked(statement, [id]);
      }),
    );
    known.forget({ tenant, task });
    presence.wrote([]);
  }

  return {
    shown: place.shown,
    async create(task) {
      const made = await creation.create(task);
      const { tenant, task: name, headSeq } = made.row;
      if (made.created) presence.wrote([{ tenant, task: name, headSeq }]);
      return made;
    },
    commit: (commit) => commits.apply(commit),
    async row({ tenant, task }) {
      const [row] = await ask("taskById", [task, tenant]);
      return row && toTaskRow(row);
    },
    turn,
    read: async ({ tenant, task }, after, limit = everything) =>
      (await ask("entriesAfter", [task, tenant, after, limit])).map(toEntry),
    async find({ tenant, task }, key) {
      const [row] = await ask("entryByKey", [task, tenant, key, parseStepKey(key).turn]);
      return row && toEntry(row);
    },
    async findAccepted({ tenant, task }, id) {
      const [row] = await ask("acceptedEntry", [task, tenant, id]);
      return row && toEntry(row);
    },
    late: async ({ tenant, task }) => (await ask("lateOf", [task, tenant])).map(toLate),
    async specs(hash) {
      const [row] = await ask("specsByHash", [hash]);
      return row && specSet.parse(JSON.parse(String(row["body"])));
    },
    list: (filter) => listTasks(ask, filter),
    recent: (filter) => recentTasks(ask, filter),
    erase,
    async scrub() {
      for (const table of erasedTables) await connections.long(`vacuum ${table}`);
    },
    endedBefore: async (before, limit, after = beforeAll) =>
      (await ask("endedBefore", [before, after.updatedAt, after.task, limit])).map(toTaskRow),
    executions: postgresExecutions(connections, presence, commits),
    keys: postgresKeys(connections),
    blobs: postgresBlobs(connections),
    grown: (since) => Promise.resolve(growth.since(since)),
    async probe() {
      await ask("touch", []);
    },
    version: () => growth.version,
    async close() {
      await presence.close();
      await connections.close();
    },
  };
}

async function migrateOnce(connect: () => Promise<Client>, schema: string): Promise<void> {
  const client = await connect();
  try {
    await migrate(client, schema);
  } finally {
    await client.end();
  }
}
