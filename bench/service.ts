/**
 * `npm run bench:service`: what the service costs, against raw Hono in the same run. Servers are processes of their own; this
 * one asks. `--streams N`, `--rounds N`, `--tasks N` make it shorter.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { median, quantile, spread } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    tasks: { type: "string", default: "100000" },
    durability: { type: "string", default: "power" },
  },
});
const rounds = Number(values.rounds);
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

class Program {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #folder = mkdtempSync(join(tmpdir(), "omniforge-service-"));
  url = "";

  constructor(file: string) {
    const words = [
      "--conditions=omniforge:source",
      join(import.meta.dirname, file),
      this.#folder,
      values.durability,
    ];
    this.#child = spawn(process.execPath, words, {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async start(): Promise<this> {
    this.url = await this.#line();
    return this;
  }

  async order(text: string): Promise<string> {
    this.#child.stdin.write(`${text}\n`);
    return this.#line();
  }

  async #line(): Promise<string> {
    const next: IteratorResult<string, unknown> = await this.#lines.next();
    return String(next.value);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Without the pool of connections: a stream has one of its own. */
  readonly alone?: boolean;
}

function open(
  url: string,
  { method = "GET", body, headers = {}, alone = false }: Ask = {},
): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      agent: alone ? false : agent,
      headers: {
        ...(text !== undefined && {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        }),
        ...headers,
      },
    });
    asked.once("response", resolve).once("error", reject).end(text);
  });
}

async function ask(url: string, given?: Ask): Promise<unknown> {
  const response = await open(url, given);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

async function time(perform: () => Promise<unknown>): Promise<number> {
  const began = now();
  await perform();
  return now() - began;
}

/** How long each takes. */
async function timed(perform: () => Promise<unknown>, times: number): Promise<number[]> {
  const all: number[] = [];
  while (all.length < times) all.push(await time(perform));
  return all;
}

/** How long each of the two takes, one after the other: what the machine does meanwhile, it does to both. */
async function inTurns(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  times: number,
): Promise<[number[], number[]]> {
  const all: [number[], number[]] = [[], []];
  for (let index = 0; index < times; index++)
    for (const [which, perform] of [one, other].entries()) {
      all[which]?.push(await time(perform));
      // What it leaves to be done is not the next one's time.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  return all;
}

const stream = { accept: "text/event-stream" };
const line = (what: string, figures: string, goal: string): void =>
  console.log(`| ${what} | ${figures} | ${goal} |`);

/** What `omniforge serve`, built, holds of memory while nobody asks it anything. MiB. */
async function idleServer(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-service-"));
  const program = join(import.meta.dirname, "../packages/omniforge/bin/omniforge.cjs");
  const child = spawn(process.execPath, [program, "serve", "--port", "0", "--data", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
  child.kill();
  await gone;
  rmSync(folder, { recursive: true, force: true });
  return Number(kilobytes) / 1_024;
}

async function main(): Promise<void> {
  const idle: number[] = [];
  for (let round = 0; round < rounds; round++) idle.push(await idleServer());
  const floor = await new Program("service-floor.ts").start();
  const service = await new Program("service-program.ts").start();
  const api = `${service.url}/api/v1`;
  const message = { message: "Do what is to be done, and say that it is done." };
  const post = { method: "POST", body: message };
  const resident = async (): Promise<number> => {
    const response = await open(`${service.url}/metrics`);
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
    return Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  };
  console.log(`Durability: ${values.durability}. Node ${process.version}.\n`);
  console.log("| what | measured: min / median / max of rounds | goal |\n|---|---|---|");
  line("idle server, RSS, MiB", spread(idle, 1), "≤ 90");

  const [ours, raws, ratios, firsts, rawFirsts]: number[][] = [[], [], [], [], []];
  const raw = (): Promise<unknown> => ask(`${floor.url}/append`, post);
  const own = (): Promise<unknown> => ask(`${api}/agents/waiting/tasks`, post);
  const first = (url: string) => async (): Promise<void> => {
    const response = await open(url, { ...post, headers: stream, alone: true });
    for await (const chunk of response.setEncoding("utf8")) if (String(chunk).includes("data:")) break;
    response.destroy();
  };
  await inTurns(raw, own, 200);
  for (let round = 0; round < rounds; round++) {
    const [floors, tasks] = await inTurns(raw, own, 200);
    raws?.push(median(floors));
    ours?.push(median(tasks));
    ratios?.push(median(tasks) / median(floors));
    const events = await inTurns(first(`${floor.url}/events`), first(`${api}/agents/bench/tasks`), 100);
    rawFirsts?.push(median(events[0]));
    firsts?.push(median(events[1]));
  }
  line("floor: POST, one durable append, p50, ms", spread(raws ?? []), "");
  line("POST a task → 201, durable, p50, ms", spread(ours ?? []), "");
  line("ratio to the floor", spread(ratios ?? []), "≤ 1.5");
  line("floor: POST → first event, p50, ms", spread(rawFirsts ?? []), "");
  line("POST a task → first event, p50, ms", spread(firsts ?? []), "≤ 4");

  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let left = 2_000;
    const began = now();
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (left-- > 0) {
          const response = await open(`${api}/agents/bench/tasks`, { ...post, headers: stream });
          // Read, and looked at by nobody: it is the server that is measured.
          await new Promise((resolve) => response.resume().once("end", resolve));
        }
      }),
    );
    rates.push(2_000 / ((now() - began) / 1_000));
  }
  line(
    "whole one-turn tasks through REST, each followed to its end, per second",
    spread(rates, 0),
    "≥ 1,000",
  );

  const made = (await ask(`${api}/agents/waiting/tasks`, post)) as { task: string };
  const events = `${api}/tasks/${made.task}/events`;
  const latencies: number[] = [];
  const arrivals: { seq: number; at: number }[] = [];
  const hundred = await Promise.all(
    Array.from({ length: 100 }, () => open(events, { headers: stream, alone: true })),
  );
  for (const one of hundred)
    one.setEncoding("utf8").on("data", (text: string) => {
      const at = Number(process.hrtime.bigint() / 1_000n);
      for (const [, seq] of text.matchAll(/^id: (\d+)$/gm)) arrivals.push({ seq: Number(seq), at });
    });
  const said = await service.order(`say ${made.task} 200`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const committed = new Map(said.split(",").map((pair) => pair.split("=").map(Number) as [number, number]));
  for (const { seq, at } of arrivals) {
    const from = committed.get(seq);
    if (from !== undefined) latencies.push((at - from) / 1_000);
  }
  line(
    "entry committed → bytes at one of 100 clients, p50, p99, ms",
    `${median(latencies).toFixed(2)}, ${quantile(latencies, 0.99).toFixed(2)} (${latencies.length} of ${200 * 100})`,
    "p99 ≤ 10",
  );
  for (const one of hundred) one.destroy();

  const long = (await ask(`${api}/agents/waiting/tasks`, post)) as { task: string };
  await service.order(`log ${long.task} 100000`);
  const back = await timed(async () => {
    const after = 99_000 + Math.floor(Math.random() * 900);
    const response = await open(`${api}/tasks/${long.task}/events`, {
      headers: { ...stream, "last-event-id": String(after) },
      alone: true,
    });
    for await (const chunk of response.setEncoding("utf8")) if (String(chunk).includes("data:")) break;
    response.destroy();
  }, 50);
  line(
    "reconnect → first entry, log of 100,000, p50, max, ms",
    `${median(back).toFixed(1)}, ${Math.max(...back).toFixed(1)}`,
    "≤ 50",
  );

  await service.order(`tasks ${values.tasks}`);
  const filters = [
    "",
    "state=failed",
    "agent=bench&state=completed,canceled",
    "agent=nobody",
    "state=rejected",
    `createdFrom=1700000010000&createdBefore=1700000020000`,
    "createdBefore=1700000000500",
  ];
  const pages: number[] = [];
  for (const filter of filters)
    pages.push(...(await timed(() => ask(`${api}/tasks?limit=50&${filter}`), 40)));
  line(
    `GET /tasks among ${values.tasks}, ${filters.length} filters, p50, p99, ms`,
    `${median(pages).toFixed(1)}, ${quantile(pages, 0.99).toFixed(1)}`,
    "p99 ≤ 20",
  );

  const streams = Number(values.streams);
  const before = await resident();
  const many: IncomingMessage[] = [];
  while (many.length < streams) {
    const some = await Promise.all(
      Array.from({ length: 200 }, () => open(`${events}?after=200`, { headers: stream, alone: true })),
    );
    for (const one of some) one.resume();
    many.push(...some);
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  line(
    `${streams} idle streams, KiB of RSS each`,
    (((await resident()) - before) / streams / 1_024).toFixed(1),
    "≤ 16",
  );
  for (const one of many) one.destroy();

  const names = await Promise.all(
    Array.from(
      { length: 100 },
      async () => ((await ask(`${api}/agents/waiting/tasks`, post)) as { task: string }).task,
    ),
  );
  // Until they wait for their person, they write entries of their own.
  const heads = await Promise.all(
    names.map(async (name) => {
      for (;;) {
        const shown = (await ask(`${api}/tasks/${name}`)) as { state: string; headSeq: number };
        if (shown.state === "input-required") return shown.headSeq;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }),
  );
  let heard = 0;
  const thousand = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
      open(`${api}/tasks/${names[index % 100]}/events?after=${heads[index % 100]}`, {
        headers: stream,
        alone: true,
      }),
    ),
  );
  for (const one of thousand)
    one.setEncoding("utf8").on("data", (text: string) => (heard += text.match(/^id: /gm)?.length ?? 0));
  const began = now();
  const perTask = 50;
  for (let turn = 0; turn < perTask; turn++) {
    await Promise.all(
      names.map((name) =>
        ask(`${api}/tasks/${name}/messages`, { method: "POST", body: { message: `m ${turn}` } }),
      ),
    );
    const wait = (turn + 1) * 100 - (now() - began);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  const seconds = (now() - began) / 1_000;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  line(
    "1,000 streams × 10 events/s: heard of sent, in seconds",
    `${heard} of ${perTask * 1_000}, ${seconds.toFixed(1)} of ${(perTask / 10).toFixed(1)}`,
    "all",
  );
  for (const one of thousand) one.destroy();
  await Promise.all([floor.stop(), service.stop()]);
}

await main();
process.exit(0);
