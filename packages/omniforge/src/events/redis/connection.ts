/**
 * The one connection of this process to Redis, made again whenever it is lost.
 *
 * Owns: noticing that a server is away or says nothing, and telling it once. Nobody waits for a connection: what is asked
 * while there is none fails at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, OmniForgeError } from "../../protocol/error.ts";
import type { Address } from "./address.ts";
import type { Client, LoadDriver } from "./load-driver.ts";

export interface ConnectionUser {
  joined(client: Client): void;
  left(): void;
}

export type Replies = readonly PromiseSettledResult<unknown>[];

/** A server that says nothing for this long is taken for lost. */
export const defaultAnswerMs = 5_000;
/** How often it is asked whether it lives. Hints come without being asked for, so their absence says nothing. */
const askMs = 2_000;
const longestPauseMs = 2_000;
/** The same complaint is not repeated sooner. */
const quietMs = 60_000;

export class Connection {
  readonly #load: LoadDriver;
  readonly #address: Address;
  readonly #user: ConnectionUser;
  readonly #answerMs: number;
  readonly #ending = new AbortController();
  #client: Client | undefined;
  #opened = false;
  #timer: NodeJS.Timeout | undefined;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(load: LoadDriver, address: Address, user: ConnectionUser, answerMs = defaultAnswerMs) {
    this.#load = load;
    this.#address = address;
    this.#user = user;
    this.#answerMs = answerMs;
  }

  get client(): Client | undefined {
    return this.#client;
  }

  /** Begins to connect, and does not stop until it is closed. May be repeated. */
  open(): void {
    if (this.#opened || this.#ending.signal.aborted) return;
    this.#opened = true;
    this.#timer = setInterval(() => void this.ask([["PING"]]), askMs).unref();
    void this.#join();
  }

  /** Sends all at once. Never throws: without a connection, every reply is a failure. */
  async ask(commands: readonly (readonly string[])[]): Promise<Replies> {
    const client = this.#client;
    if (client === undefined) return commands.map(() => ({ status: "rejected", reason: away }));
    const impatient = setTimeout(() => this.#lose(client), this.#answerMs).unref();
    try {
      return await Promise.allSettled(commands.map((parts) => client.sendCommand(parts)));
    } finally {
      clearTimeout(impatient);
    }
  }

  /** Tells a person what is wrong, and what it means, but not again and again. */
  complain(thrown: unknown): void {
    if (Date.now() - this.#complainedAt < quietMs) return;
    this.#complainedAt = Date.now();
    const { code, message } = unreachable(this.#address.shown, thrown);
    process.emitWarning(
      `${message}. Tasks go on; who follows one that another process runs sees its log, and no running text until then.`,
      { code },
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#ending.abort();
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }

  async #join(): Promise<void> {
    for (let pause = 50; !this.#ending.signal.aborted; pause = Math.min(longestPauseMs, 2 * pause)) {
      try {
        const client = await connect(this.#load, this.#address, {
          answerMs: this.#answerMs,
          keepsProcess: false,
        });
        if (this.#ending.signal.aborted) return client.destroy();
        client.on("error", () => this.#lose(client));
        this.#client = client;
        return this.#user.joined(client);
      } catch (thrown) {
        this.complain(thrown);
        const { signal } = this.#ending;
        await sleep(pause * (0.5 + Math.random()), undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }

  #lose(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.destroy();
    this.#user.left();
    void this.#join();
  }
}

interface ConnectOptions {
  readonly answerMs?: number;
  readonly keepsProcess?: boolean;
}

const away = new Error("there is no connection");

/** Connects within the time in which an answer is expected. */
export async function connect(
  load: LoadDriver,
  { url }: Address,
  { answerMs = defaultAnswerMs, keepsProcess = true }: ConnectOptions = {},
): Promise<Client> {
  const client = (await load()).createClient({
    url,
    name: "omniforge",
    socket: { reconnectStrategy: false, connectTimeout: answerMs },
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    maintNotifications: "disabled",
  });
  // What breaks while it is made is told by what waits for it.
  client.on("error", () => undefined);
  // Hints are no reason for a program to go on.
  if (!keepsProcess) client.unref();
  let isLate = false;
  const impatient = setTimeout(() => {
    isLate = true;
    client.destroy();
  }, answerMs);
  if (!keepsProcess) impatient.unref();
  try {
    await client.connect();
    return client;
  } catch (thrown) {
    client.destroy();
    throw isLate ? new Error(`it has said nothing for ${answerMs} ms`) : thrown;
  } finally {
    clearTimeout(impatient);
  }
}

export function unreachable(shown: string, thrown: unknown): OmniForgeError {
  const message = `Redis at ${shown} can't be used: ${messageOf(thrown).replace(/\.$/, "")}`;
  return new OmniForgeError("EVENTS_UNREACHABLE", message, { cause: thrown });
}
