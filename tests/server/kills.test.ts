/**
 * An unmodified EventSource through connections that break and servers that are killed: in the end it has the log's text,
 * each entry once and in order, and nothing that was superseded. `npm run test:streams` is the long version, with kills by
 * the hundred; STREAM_SEED repeats one.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventSource } from "eventsource";
import type { Entry, Task } from "omniforge";
import type { TaskEvent } from "omniforge/protocol";
import { afterAll, describe, expect, it } from "vitest";
import { cuttingProxy } from "../client/cutting-proxy.ts";
import { reader, textOfLog, type Reader } from "../client/reader.ts";
import { openStage } from "./stage.ts";

const wanted = Number(process.env["STREAM_DISTURBANCES"] ?? 100);
const wantedKills = Number(process.env["STREAM_KILLS"] ?? 3);
/** New tasks between two kills; each loses its connection at least once. */
const tasksAtOnce = Math.max(2, Math.min(20, Math.ceil(wanted / wantedKills / 2)));
const firstSeed = Number(process.env["STREAM_SEED"] ?? 1 + Math.floor(Math.random() * 1_000_000));
/** A server starts within seconds on a machine that does other things, too. */
const patienceMs = 600_000 + wantedKills * 20_000;
const folder = mkdtempSync(join(tmpdir(), "omniforge-kills-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(program: string, ...words: readonly string[]): ChildProcess {
  const all = ["--conditions=omniforge:source", program, ...words];
  return spawn(process.execPath, all, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The server of the client's tests: its agent speaks at length, stammers, and is tried again. */
async function serve(data: string, port: number): Promise<{ child: ChildProcess; url: string }> {
  const program = join(import.meta.dirname, "../client/server-program.ts");
  const child = start(program, data, String(port), "4", "1", "3");
  const [line] = (await once(child.stdout ?? process.stdin, "data")) as [Buffer];
  return { child, url: line.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "close");
  child.kill("SIGKILL");
  await gone;
}

interface Watcher {
  readonly task: string;
  readonly person: Reader;
  readonly source: EventSource;
}

async function logOf(url: string, task: string): Promise<Entry[]> {
  const response = await fetch(`${url}/api/v1/tasks/${task}/events?limit=1000`);
  return ((await response.json()) as { items: Entry[] }).items;
}

describe("an EventSource", () => {
  it(
    `has the log's text after ${wanted} disconnects and ${wantedKills} kills (seed ${firstSeed})`,
    async () => {
      const data = join(folder, "killed");
      let server = await serve(data, 0);
      const port = Number(new URL(server.url).port);
      let lost = 0;
      let heard = 0;
      let seed = firstSeed;
      const draw = (): number =>
        (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 0x8000_0000;
      await using proxy = await cuttingProxy(port, () =>
        draw() < 0.5 ? 600 + Math.floor(draw() * 4_000) : undefined,
      );

      const watch = async (): Promise<Watcher> => {
        const response = await fetch(`${server.url}/api/v1/agents/speaker/tasks`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ message: "speak" }),
        });
        const { task } = (await response.json()) as Task;
        const person = reader(task);
        const source = new EventSource(`${proxy.url}/api/v1/tasks/${task}/events`);
        for (const type of ["entry", "delta", "reset"])
          source.addEventListener(type, ({ data: text }: { data: unknown }) => {
            heard++;
            person.read(JSON.parse(String(text)) as TaskEvent);
          });
        source.addEventListener("error", () => lost++);
        return { task, person, source };
      };

      const all: Watcher[] = [];
      let kills = 0;
      const isOver = ({ source }: Watcher): boolean => source.readyState === EventSource.CLOSED;
      const isEnough = (): boolean => lost >= wanted && kills >= wantedKills;
      while (!isEnough()) {
        const some = await Promise.all(Array.from({ length: tasksAtOnce }, watch));
        all.push(...some);
        // Killed anywhere: once so much has been heard, or all that there is to be heard.
        const until = heard + Math.ceil(draw() * 60 * tasksAtOnce);
        await expect
          .poll(() => heard >= until || all.every(isOver), { interval: 5, timeout: 120_000 })
          .toBe(true);
        await kill(server.child);
        kills++;
        server = await serve(data, port);
      }
      // It stops by itself: the stream ends with the task, and there is nothing when it comes back.
      await expect.poll(() => all.filter((one) => !isOver(one)).length, { timeout: 240_000 }).toBe(0);
      for (const { task, person } of all) {
        const log = await logOf(server.url, task);
        expect(person.wrong).toEqual([]);
        expect(person.entries).toEqual(log);
        expect(person.text()).toBe(textOfLog(log));
        expect(log.at(-1)?.kind).toBe("ended");
      }
      expect(kills).toBeGreaterThanOrEqual(wantedKills);
      await kill(server.child);
    },
    patienceMs,
  );

  it("sees the end of a task whose worker was killed between its commit and its announcement", async () => {
    await using stage = await openStage({ dataDirectory: join(folder, "unannounced"), work: false });
    const { url } = await stage.listen();
    const made = await stage.ask("/api/v1/agents/clerk/tasks", { body: { message: "echo x" } });
    const { task } = made.body as Task;
    const response = await fetch(`${url}/api/v1/tasks/${task}/events`, {
      headers: { accept: "text/event-stream" },
    });
    const worker = start(join(import.meta.dirname, "killed-worker.ts"), stage.folder);
    const [, signal] = (await once(worker, "close")) as [number | null, string | null];
    expect(signal).toBe("SIGKILL");
    const killedAt = Date.now();
    const text = await response.text();
    expect(text.match(/^id: /gm)).toHaveLength((await stage.forge.get(task)).headSeq);
    expect(text).toContain('"kind":"ended"');
    // Two seconds are promised; the rest is a slow machine's.
    expect(Date.now() - killedAt).toBeLessThan(10_000);
  }, 60_000);
});
