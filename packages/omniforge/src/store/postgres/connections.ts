/**
 * The pool of connections, and what is asked over them.
 *
 * Owns: settings of a session, prepared statements, transactions, and trying again. Invariant: what was sent over a
 * connection that was lost is never sent again by itself, unless its caller says that it means the same twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientConfig, Pool, PoolClient } from "pg";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Row } from "../rows.ts";
import type { Address } from "./address.ts";
import { Lost, refusal, toLost, unreachable } from "./failures.ts";
import type { Driver } from "./load-driver.ts";
import { statement } from "./statements.ts";

export type Value = string | number | null | Uint8Array | readonly (string | number | null)[];
/** Asks one statement, by its name. */
export type Ask = (name: string, values: readonly Value[]) => Promise<readonly Row[]>;

export interface ConnectionSettings {
  /** `process`: a commit is told as done before the server's disk has it. */
  readonly durability: "power" | "process";
  readonly connections: number;
  /** How long a server that is away is waited for. */
  readonly patienceMs: number;
}

/** A server that says nothing for this long is taken for lost. */
const answerMs = 30_000;
/** Whoever stands still inside a transaction (a paused process) lets go of its locks after this time. */
const idleMs = 10_000;
const int8 = 20;

/** What every session is told at its beginning. */
export function sessionOf(
  driver: Driver,
  { connectionString, schema, options }: Address,
  durability: "power" | "process",
): ClientConfig {
  const { types } = driver;
  return {
    connectionString,
    options: `${options} -c search_path=${schema} -c jit=off -c synchronous_commit=${durability === "power" ? "on" : "off"}`,
    fallback_application_name: "omniforge",
    keepAlive: true,
    query_timeout: answerMs,
    idle_in_transaction_session_timeout: idleMs,
    types: {
      // Numbers of this store are counts and milliseconds: far below where a number loses digits.
      getTypeParser: (id, format) =>
        (id as number) === int8 && format !== "binary"
          ? Number
          : (types.getTypeParser(id, format) as unknown),
    },
  };
}

export class Connections {
  readonly shown: string;
  readonly #pool: Pool;
  readonly #patienceMs: number;
  readonly #broken = new WeakSet<PoolClient>();
  #closed = false;

  constructor(driver: Driver, address: Address, settings: ConnectionSettings) {
    this.shown = address.shown;
    this.#patienceMs = settings.patienceMs;
    this.#pool = new driver.Pool({
      ...sessionOf(driver, address, settings.durability),
      max: settings.connections,
      connectionTimeoutMillis: settings.patienceMs,
      allowExitOnIdle: true,
    });
    // An idle connection has broken: the pool lets go of it, and whoever asks next gets another.
    this.#pool.on("error", () => undefined);
    // For its whole life: one that breaks when nobody has an ear for it would end the process, and it may break as early as
    // in the words that said it was ready, before whoever waits for it is told.
    this.#pool.on("connect", (client) => client.on("error", () => this.#broken.add(client)));
  }

  /** Asks what means the same when it is asked twice: a read, or a write that finds itself done. */
  ask: Ask = (name, values) => this.again(() => this.once(name, values));

  /** Asks once. Throws Lost. */
  async once(name: string, values: readonly Value[]): Promise<readonly Row[]> {
    return this.#using((client) => send(client, name, values));
  }

  /** Asks outside of any transaction what may take its time: a vacuum. */
  async long(text: string): Promise<void> {
    await this.#using(async (client) => {
      await client.query(Object.assign({ text }, { query_timeout: 0x7fffffff }));
    });
  }

  /** Several statements as one. Throws Lost; `sent` where the commit itself was. */
  async transaction<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return this.#using(async (client) => {
      let committing = false;
      try {
        await client.query("begin");
        const value = await work((name, values) => send(client, name, values));
        committing = true;
        await client.query("commit");
        return value;
      } catch (thrown) {
        const lost = thrown instanceof Lost ? thrown : toLost(thrown);
        if (lost !== undefined) throw new Lost(lost.cause, committing && lost.sent);
        await client.query("rollback");
        throw thrown;
      }
    });
  }

  /** Tries again for as long as a server that is away is waited for, where that is safe. Throws STORE_UNREACHABLE. */
  async again<T>(
    work: () => Promise<T>,
    isSafe: (lost: Lost) => boolean | Promise<boolean> = () => true,
  ): Promise<T> {
    const deadline = Date.now() + this.#patienceMs;
    for (let delay = 10; ; delay = Math.min(500, delay * 2)) {
      try {
        return await work();
      } catch (thrown) {
        if (!(thrown instanceof Lost)) throw thrown;
        if (this.#closed || Date.now() + delay > deadline || !(await isSafe(thrown)))
          throw unreachable(this.shown, thrown);
        await sleep(delay);
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }

  async #using<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw new OmniForgeError("CLOSED", "the store has been closed");
    const client = await this.#connect();
    let isLost = false;
    try {
      return await work(client);
    } catch (thrown) {
      const lost = thrown instanceof Lost ? thrown : toLost(thrown);
      isLost = lost !== undefined;
      throw lost ?? refusal(thrown);
    } finally {
      client.release(isLost || this.#broken.has(client));
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (thrown) {
      const lost = toLost(thrown);
      throw lost === undefined ? refusal(thrown) : new Lost(thrown, false);
    }
  }
}

/** Prepared once by each connection. */
async function send(client: PoolClient, name: string, values: readonly Value[]): Promise<readonly Row[]> {
  for (const value of values) checkText(value);
  const { rows } = await client.query<Row>({ name, text: statement(name), values: [...values] });
  return rows;
}

/** What the server can't keep is refused, and not changed without a word. Bodies are JSON, which escapes both. */
function checkText(value: Value): void {
  if (Array.isArray(value)) {
    for (const one of value as readonly (string | number | null)[]) checkText(one);
    return;
  }
  if (typeof value !== "string" || (!value.includes("\u0000") && value.isWellFormed())) return;
  throw new OmniForgeError(
    "INVALID_INPUT",
    `the id ${JSON.stringify(value.slice(0, 100))} has the character U+0000 or half a character in it, which PostgreSQL can't keep`,
  );
}
