/**
 * A database file, opened: pragmas, migrations, named statements. Writes go through group commit (group-commit.ts), and the
 * write-ahead log is written back by a thread (checkpoints.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import {
  DatabaseSync,
  type SQLInputValue,
  type StatementResultingChanges,
  type StatementSync,
} from "node:sqlite";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Row } from "../rows.ts";
import { Checkpoints, lastResortPages } from "./checkpoints.ts";
import { GroupCommit, isBusy } from "./group-commit.ts";
import { storeFailure, telling } from "./store-failure.ts";

/** `power`: survives power loss (default). `process`: survives the death of the process. */
export type Durability = "power" | "process";
export type Parameters = readonly SQLInputValue[] | Record<string, SQLInputValue>;

const folder = new URL("./", import.meta.url);

export class Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #queries: ReadonlyMap<string, string>;
  readonly path: string;
  readonly #commits: GroupCommit;
  readonly #checkpoints: Checkpoints;
  #closed = false;
  #moment = 0;
  #momentEnds = false;

  constructor(path: string, durability: Durability) {
    this.path = path;
    this.#database = open(path, durability);
    this.#queries = readQueries();
    const pages = this.#database.prepare("pragma wal_checkpoint(noop)");
    this.#commits = new GroupCommit(this.#database, {
      failure: (error) => storeFailure(error, path, "refused a write"),
      committed: (writes) => this.#checkpoints.committed(writes),
    });
    this.#checkpoints = new Checkpoints({
      path,
      pages() {
        const { log, checkpointed } = pages.get() ?? {};
        return Number(log) - Number(checkpointed);
      },
      hold: () => this.#commits.hold(),
    });
  }

  /**
   * The same as long as nothing can have been heard from outside: no turn of the event loop has begun since. This process
   * has written nothing meanwhile, and whatever another one has written, nobody here can know of it yet.
   */
  get moment(): number {
    if (!this.#momentEnds) {
      this.#momentEnds = true;
      process.nextTick(() => {
        this.#moment++;
        this.#momentEnds = false;
      });
    }
    return this.#moment;
  }

  all(query: string, parameters: Parameters): Row[] {
    try {
      const statement = this.#statement(query);
      return Array.isArray(parameters)
        ? statement.all(...(parameters as SQLInputValue[]))
        : statement.all(parameters as Record<string, SQLInputValue>);
    } catch (error) {
      throw storeFailure(error, this.path, "can't be read");
    }
  }

  /** Reads row by row, so that a long answer is never there twice: as rows, and as what they are read as. */
  map<Value>(query: string, parameters: readonly SQLInputValue[], read: (row: Row) => Value): Value[] {
    try {
      const values: Value[] = [];
      for (const row of this.#statement(query).iterate(...parameters)) values.push(read(row));
      return values;
    } catch (error) {
      throw storeFailure(error, this.path, "can't be read");
    }
  }

  get(query: string, parameters: Parameters): Row | undefined {
    try {
      const statement = this.#statement(query);
      return Array.isArray(parameters)
        ? statement.get(...(parameters as SQLInputValue[]))
        : statement.get(parameters as Record<string, SQLInputValue>);
    } catch (error) {
      throw storeFailure(error, this.path, "can't be read");
    }
  }

  /** Changed rows. Only inside `write`. */
  run(query: string, parameters: Parameters): number {
    return Number(this.#change(query, parameters).changes);
  }

  /** The new row's id. Only inside `write`. */
  insert(query: string, parameters: Parameters): number {
    return Number(this.#change(query, parameters).lastInsertRowid);
  }

  /** Writes the file's header as it is. Only inside `write`. */
  touch(): void {
    const version = Number(this.#database.prepare("pragma user_version").get()?.["user_version"]);
    this.#database.exec(`pragma user_version = ${version}`);
  }

  /** Performs a synchronous write in the next transaction, again if that is undone; resolves once it is durable. */
  write<T>(perform: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new OmniForgeError("CLOSED", "the store has been closed"));
    return this.#commits.write(perform);
  }

  /** Changes whenever any connection, of any process, has committed: the pragma tells of all but our own. */
  version(): number {
    const row = this.#database
      .prepare("select data_version + total_changes() as version from pragma_data_version")
      .get();
    return Number(row?.["version"]);
  }

  /** Like `write`, and what it deletes is written over with zeros. Not always so: it would cost every commit a tenth. */
  writeOver<T>(perform: () => T): Promise<T> {
    return this.write(() => {
      this.#database.exec("pragma secure_delete = on");
      try {
        return perform();
      } finally {
        this.#database.exec("pragma secure_delete = off");
      }
    });
  }

  /** Leaves the write-ahead log to others meanwhile: to write back one as long as the database would hold this thread up. */
  async withoutCheckpoints(work: () => Promise<void>): Promise<void> {
    this.#database.exec("pragma wal_autocheckpoint = 0");
    try {
      await this.#checkpoints.without(work);
    } finally {
      if (!this.#closed) this.#database.exec(`pragma wal_autocheckpoint = ${lastResortPages}`);
    }
  }

  /** A consistent copy in a new file, as of one moment; others may write meanwhile. Blocks this process until done. */
  copyTo(path: string): void {
    this.#database.prepare("vacuum into ?").run(path);
  }

  async close(): Promise<void> {
    await this.#commits.drained();
    this.#closed = true;
    await this.#checkpoints.close();
    this.#database.close();
  }

  #change(query: string, parameters: Parameters): StatementResultingChanges {
    const statement = this.#statement(query);
    return Array.isArray(parameters)
      ? statement.run(...(parameters as SQLInputValue[]))
      : statement.run(parameters as Record<string, SQLInputValue>);
  }

  #statement(query: string): StatementSync {
    const known = this.#statements.get(query);
    if (known !== undefined) return known;
    const text = this.#queries.get(query);
    if (text === undefined) throw new OmniForgeError("INTERNAL", `there is no query named ${query}`);
    const statement = this.#database.prepare(text);
    this.#statements.set(query, statement);
    return statement;
  }
}

/** How long opening waits for other processes that set up the same database, in milliseconds. */
const openingMs = 10_000;

/**
 * Opens, and waits for others who do. SQLite's own timeout does not: two who turn a new file into one with a write-ahead
 * log at the same moment hold what the other needs, so one of them is told "locked" at once, and must begin again.
 */
function open(path: string, durability: Durability): DatabaseSync {
  const deadline = Date.now() + openingMs;
  for (;;) {
    const opened = tryToOpen(path, durability);
    if (opened instanceof DatabaseSync) return opened;
    if (OmniForgeError.is(opened.failure) || !(opened.failure instanceof Error)) throw opened.failure;
    if (!isBusy(opened.failure) || Date.now() > deadline)
      throw storeFailure(opened.failure, path, "can't be opened");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
  }
}

/** Closes again what can't be used: a newer release's data, no database at all, or one that others hold just now. */
function tryToOpen(path: string, durability: Durability): DatabaseSync | { readonly failure: unknown } {
  const database = telling(path, "can't be opened", () => new DatabaseSync(path));
  try {
    database.exec(
      `pragma busy_timeout = 5000; pragma page_size = 4096; pragma journal_mode = wal;
       pragma synchronous = ${durability === "power" ? "full" : "normal"}; pragma wal_autocheckpoint = ${lastResortPages};`,
    );
    migrate(database);
    database.exec("pragma busy_timeout = 0");
    return database;
  } catch (failure) {
    database.close();
    return { failure };
  }
}

/** Applies what is missing of migrations/0001.sql, 0002.sql … ; safe when several processes start at once. */
function migrate(database: DatabaseSync): void {
  const files = readdirSync(new URL("migrations/", folder)).toSorted();
  const version = (): number => Number(database.prepare("pragma user_version").get()?.["user_version"]);
  if (version() === files.length) return;
  database.exec("begin immediate");
  const from = version();
  if (from > files.length) {
    database.exec("rollback");
    throw new OmniForgeError(
      "STORE_TOO_NEW",
      `the database has schema ${from}; this release knows up to ${files.length}`,
    );
  }
  for (const file of files.slice(from))
    database.exec(readFileSync(new URL(`migrations/${file}`, folder), "utf8"));
  database.exec(`pragma user_version = ${files.length}; commit`);
}

function readQueries(): ReadonlyMap<string, string> {
  const sections = readFileSync(new URL("queries.sql", folder), "utf8")
    .split(/^-- name: /m)
    .slice(1);
  return new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf("\n")).trim(),
      section.slice(section.indexOf("\n")),
    ]),
  );
}
