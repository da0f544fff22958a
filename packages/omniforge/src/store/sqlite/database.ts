/**
 * The only file that knows `node:sqlite`.
 *
 * Owns: opening, pragmas, migrations, named statements, and group commit: writes queue up, one transaction carries all
 * that came since the last, and nobody hears "done" before it is as durable as the level promises.
 *
 * Invariants: every transaction is `begin immediate`; one write's failure undoes that write alone; waiting for another
 * process never blocks the event loop (busy timeout 0, retried on a timer); a flush never runs in a microtask, so that
 * timers and cancels get their turn.
 */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Row } from "../rows.ts";
import { storeFailure, telling } from "./store-failure.ts";

/** `power`: survives power loss (default). `process`: survives the death of the process. */
export type Durability = "power" | "process";
export type Parameters = readonly SQLInputValue[] | Record<string, SQLInputValue>;

const folder = new URL("./", import.meta.url);
const maximumBatch = 128;
const checkpointPages = 1_000;

interface Write {
  readonly perform: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #queries: ReadonlyMap<string, string>;
  readonly path: string;
  #queue: Write[] = [];
  #scheduled = false;
  #closed = false;

  constructor(path: string, durability: Durability) {
    this.path = path;
    this.#database = open(path, durability);
    this.#queries = readQueries();
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
    const statement = this.#statement(query);
    const { changes } = Array.isArray(parameters)
      ? statement.run(...(parameters as SQLInputValue[]))
      : statement.run(parameters as Record<string, SQLInputValue>);
    return Number(changes);
  }

  /** The row id of the last insert. */
  lastId(): number {
    return Number(this.#database.prepare("select last_insert_rowid() as id").get()?.["id"]);
  }

  /** Writes the file's header as it is. Only inside `write`. */
  touch(): void {
    const version = Number(this.#database.prepare("pragma user_version").get()?.["user_version"]);
    this.#database.exec(`pragma user_version = ${version}`);
  }

  /** Performs a synchronous write in the next transaction; resolves once that is durable. */
  write<T>(perform: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new OmniForgeError("CLOSED", "the store has been closed"));
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ perform, resolve: (value) => resolve(value as T), reject });
      this.#schedule(0);
    });
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
      await work();
    } finally {
      if (!this.#closed) this.#database.exec(`pragma wal_autocheckpoint = ${checkpointPages}`);
    }
  }

  /** A consistent copy in a new file, as of one moment; others may write meanwhile. Blocks this process until done. */
  copyTo(path: string): void {
    this.#database.prepare("vacuum into ?").run(path);
  }

  async close(): Promise<void> {
    while (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
    this.#closed = true;
    this.#database.close();
  }

  #failed(error: unknown): unknown {
    return storeFailure(error, this.path, "refused a write");
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

  #schedule(delayMs: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.#flush();
      if (this.#queue.length > 0) this.#schedule(0);
    };
    if (delayMs > 0) setTimeout(flush, delayMs);
    else setImmediate(flush);
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    try {
      this.#database.exec("begin immediate");
    } catch (error) {
      if (isBusy(error)) return this.#schedule(1 + Math.random() * 3);
      for (const write of this.#queue.splice(0)) write.reject(this.#failed(error));
      return;
    }
    const batch = this.#queue.splice(0, maximumBatch);
    const [lone] = batch;
    if (lone !== undefined && batch.length === 1) return this.#finishWith(lone);
    const settle: (() => void)[] = [];
    for (const write of batch) {
      const done = this.#perform(write);
      // A full disk can undo the whole transaction: this write has failed, and the others are tried again.
      if (!this.#database.isTransaction) {
        this.#queue.unshift(...batch.filter((other) => other !== write));
        return done();
      }
      settle.push(done);
    }
    try {
      this.#database.exec("commit");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      for (const write of batch) write.reject(this.#failed(error));
      return;
    }
    for (const done of settle) done();
  }

  /** The transaction's only write: undoing it is undoing the transaction, which takes no savepoint. */
  #finishWith(write: Write): void {
    let value: unknown;
    try {
      value = write.perform();
      this.#database.exec("commit");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback");
      return write.reject(this.#failed(error));
    }
    write.resolve(value);
  }

  /** One write inside the transaction, undone alone when it fails. */
  #perform(write: Write): () => void {
    this.#database.exec("savepoint one");
    try {
      const value = write.perform();
      this.#database.exec("release one");
      return () => write.resolve(value);
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("rollback to one; release one");
      return () => write.reject(this.#failed(error));
    }
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
      `pragma busy_timeout = 5000; pragma page_size = 8192; pragma journal_mode = wal;
       pragma synchronous = ${durability === "power" ? "full" : "normal"}; pragma wal_autocheckpoint = ${checkpointPages};`,
    );
    migrate(database);
    database.exec("pragma busy_timeout = 0");
    return database;
  } catch (failure) {
    database.close();
    return { failure };
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
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
