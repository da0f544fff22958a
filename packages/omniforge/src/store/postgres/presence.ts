/**
 * The one connection by which this process is present at the server: it holds the locks that say that its owners live,
 * hears and tells what was written, and looks from time to time for what nobody told.
 *
 * Invariants: a lost connection is made again for as long as the store is open, with the same locks; what may have been
 * missed meanwhile is a gap; what is told is told after its commit, many at once: a notification inside of a transaction
 * would make all commits of the database wait for one another.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { z } from "zod";
import type { Row } from "../rows.ts";
import type { GrowthNotes, Grown } from "./growth.ts";
import { lockClass } from "./migrate.ts";
import { statement } from "./statements.ts";

/** New entries are read from where they ended this long ago: a commit in between may become visible late. */
const overlapMs = 10_000;
/** A payload of PostgreSQL has 8,000 bytes at most. */
const longestNews = 7_500;
const mostUntold = 200;

const news = z.object({
  from: z.string(),
  /** None: more than could be named. */
  logs: z.array(z.tuple([z.string(), z.string(), z.number()])).optional(),
});

export interface PresenceOptions {
  readonly schema: string;
  readonly pollMs: number;
  /** Opens a connection and its session. */
  readonly connect: () => Promise<Client>;
}

export class Presence {
  readonly #self = randomUUID();
  readonly #growth: GrowthNotes;
  readonly #options: PresenceOptions;
  readonly #channel: string;
  readonly #owners = new Set<string>();
  #client: Client | undefined;
  #untold: Grown[] = [];
  #tells = false;
  #telling = false;
  #looking = false;
  #seen: { readonly at: number; readonly last: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #ending = new AbortController();
  /** Questions that are not answered yet. */
  #asking = 0;
  #joining: Promise<void> = Promise.resolve();

  constructor(growth: GrowthNotes, options: PresenceOptions) {
    this.#growth = growth;
    this.#options = options;
    this.#channel = `omniforge_${options.schema}`;
  }

  /** Throws what connecting throws. */
  async open(): Promise<void> {
    await this.#join();
    this.#timer = setInterval(() => void this.#look(), this.#options.pollMs).unref();
  }

  /** Holds the lock that says that this owner lives, from now on. */
  async hold(owner: string): Promise<void> {
    if (this.#owners.has(owner)) return;
    this.#owners.add(owner);
    // Without a connection it is held once there is one.
    await this.#tryTo((client) => ask(client, "holdOwner", [lockClass, owner]));
  }

  holds(owner: string): boolean {
    return this.#owners.has(owner);
  }

  async letGo(owner: string): Promise<void> {
    if (this.#owners.delete(owner))
      await this.#tryTo((client) => ask(client, "letOwnerGo", [lockClass, owner]));
  }

  /** This process has written: tells the others soon, and notes it. */
  wrote(logs: readonly Grown[]): void {
    this.#growth.note(logs);
    this.#untold.push(...logs);
    this.#tells = true;
    void this.#tell();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#ending.abort();
    await this.#joining;
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    keepsProcess(client, true);
    await client.end();
  }

  async #join(): Promise<void> {
    const client = await this.#options.connect();
    client.on("error", () => this.#leave(client));
    client.on("end", () => this.#leave(client));
    client.on("notification", ({ payload }) => this.#hear(payload ?? ""));
    keepsProcess(client, false);
    try {
      await client.query(`listen ${this.#channel}`);
      for (const owner of this.#owners) await ask(client, "holdOwner", [lockClass, owner]);
      const last = await lastEntry(client);
      if (this.#seen.length === 0) this.#seen.push({ at: Date.now(), last });
    } catch (thrown) {
      await client.end().catch(() => undefined);
      throw thrown;
    }
    this.#client = client;
    this.#growth.gap();
    void this.#tell();
  }

  #leave(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    this.#joining = this.#rejoin();
  }

  async #rejoin(): Promise<void> {
    for (let delay = 10; !this.#closed && this.#client === undefined; delay = Math.min(1_000, delay * 2)) {
      try {
        await this.#join();
      } catch {
        // Whoever asks for something is told that the server is away; here it is only tried again.
        await sleep(delay, undefined, { ref: false, signal: this.#ending.signal }).catch(() => undefined);
      }
    }
  }

  #hear(payload: string): void {
    let parsed: z.infer<typeof news>;
    try {
      parsed = news.parse(JSON.parse(payload));
    } catch {
      // Another release's, or another program's: something was written.
      return this.#growth.gap();
    }
    if (parsed.from === this.#self) return;
    if (parsed.logs === undefined) this.#growth.gap();
    else this.#growth.note(parsed.logs.map(([tenant, task, headSeq]) => ({ tenant, task, headSeq })));
  }

  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    while (this.#tells && this.#client !== undefined) {
      // What comes meanwhile in this turn of the event loop is told together.
      await new Promise((resolve) => setImmediate(resolve));
      const newest = new Map(this.#untold.map((log) => [log.task, log]));
      this.#untold = [];
      this.#tells = false;
      const logs = [...newest.values()].map(({ tenant, task, headSeq }) => [tenant, task, headSeq]);
      const whole = JSON.stringify({ from: this.#self, logs });
      const fits = logs.length <= mostUntold && Buffer.byteLength(whole) <= longestNews;
      const said = fits ? whole : JSON.stringify({ from: this.#self });
      await this.#tryTo((client) => ask(client, "announce", [this.#channel, said]));
    }
    this.#telling = false;
  }

  /** Finds what was written and never announced: its process died in between. Also finds a connection that is dead. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await this.#tryTo(async (client) => {
      const now = Date.now();
      while ((this.#seen[1]?.at ?? now) < now - overlapMs) this.#seen.shift();
      const from = this.#seen[0]?.last ?? 0;
      const last = await lastEntry(client);
      this.#seen.push({ at: now, last });
      const rows = last === from ? [] : await ask(client, "grownLogs", [from]);
      this.#growth.note(
        rows.map((row) => ({
          tenant: String(row["tenant"]),
          task: String(row["task"]),
          headSeq: Number(row["head_seq"]),
        })),
      );
    });
    this.#looking = false;
  }

  /** What fails here fails with its connection, which is made anew, with all that it is to hold. */
  async #tryTo(work: (client: Client) => Promise<unknown>): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    keepsProcess(client, ++this.#asking > 0);
    try {
      await work(client);
    } catch {
      this.#leave(client);
    } finally {
      keepsProcess(client, --this.#asking > 0);
    }
  }
}

/** Listening keeps no process alive; waiting for an answer does. The driver's types leave these methods out. */
function keepsProcess(
  client: Client & { readonly ref?: () => void; readonly unref?: () => void },
  keeps: boolean,
): void {
  if (keeps) client.ref?.();
  else client.unref?.();
}

async function ask(
  client: Client,
  name: string,
  values: readonly (string | number)[],
): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>({ name, text: statement(name), values: [...values] });
  return rows;
}

async function lastEntry(client: Client): Promise<number> {
  const [row] = await ask(client, "lastEntry", []);
  return Number(row?.["last"] ?? 0);
}
