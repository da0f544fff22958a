import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type OmniForgeClient } from "omniforge/client";
import { afterAll, describe, expect, it } from "vitest";
import { listen } from "../../packages/omniforge/src/server/index.ts";
import { clerk, openAuthStage } from "../server/auth-stage.ts";
import { cuttingProxy } from "./cutting-proxy.ts";
import { reader, textOfLog, type Reader } from "./reader.ts";
import { kill, serve } from "./server-process.ts";
import { serveStammering } from "./stammering-forge.ts";
import { answerOf } from "./stammering-model.ts";

const folder = mkdtempSync(join(tmpdir(), "omniforge-client-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A small generator with a seed, so that a failure can be seen again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}

async function readAll(client: OmniForgeClient, task: string): Promise<Reader> {
  const person = reader(task);
  for await (const event of client.follow(task)) person.read(event);
  return person;
}

/** More of them for more disconnects: 300 make a thousand. */
const speeches = Number(process.env["OMNIFORGE_SPEECHES"] ?? 40);

describe("a client whose connections break", () => {
  it("has the log's text in the end: no gap, no entry twice, nothing superseded left", async () => {
    const turns = 3;
    const { forge, listening } = await serveStammering(join(folder, "cut"), {
      turns,
      failures: 2,
      pauseMs: 1,
    });
    const draw = seeded(7);
    await using proxy = await cuttingProxy(listening.port, () => 1_200 + Math.floor(draw() * 2_000));
    const client = createClient({ url: proxy.url, retries: 50 });
    const people = await Promise.all(
      Array.from({ length: speeches }, async (_, index) => {
        const { task } = await client.submit("speaker", `speech ${index}`);
        return { task, person: await readAll(client, task) };
      }),
    );
    for (const { task, person } of people) {
      const log = await forge.log(task);
      expect(person.wrong).toEqual([]);
      expect(person.entries).toEqual(
        // A server tells nobody where on its machine a task works.
        log.map((entry) => {
          if (entry.kind !== "created") return entry;
          const { workspace: _folder, ...body } = entry.body;
          return { ...entry, body };
        }),
      );
      expect(person.text()).toBe(textOfLog(log));
      expect(person.text()).toBe(Array.from({ length: turns }, (_, turn) => answerOf(turn + 1)).join(""));
    }
    expect(proxy.cuts()).toBeGreaterThan(speeches);
    await listening.close();
    await forge.close();
  }, 180_000);

  it("makes one task of an order that is sent again because its answer was lost", async () => {
    const { forge, listening } = await serveStammering(join(folder, "once"), {
      turns: 1,
      failures: 0,
      pauseMs: 0,
    });
    let connections = 0;
    await using proxy = await cuttingProxy(listening.port, () => (connections++ < 2 ? 20 : undefined));
    const client = createClient({ url: proxy.url });
    const { task } = await client.submit("speaker", "once");
    await readAll(client, task);
    expect(proxy.cuts()).toBe(2);
    expect((await forge.list()).map((one) => one.task)).toEqual([task]);
    await listening.close();
    await forge.close();
  });
});

describe("an answer that is sent again because its own answer was lost", () => {
  it("is the answer, once", async () => {
    await using stage = await openAuthStage([]);
    const listening = await listen(stage.app, { port: 0 });
    let connections = 0;
    // The first connection that carries the answer breaks within the server's word.
    await using proxy = await cuttingProxy(listening.port, () => (connections++ === 0 ? 10 : undefined));
    const { task } = await stage.forge.submit(clerk, "pay");
    await expect.poll(async () => (await stage.forge.get(task)).state).toBe("input-required");
    const [request] = (await stage.forge.get(task)).pending;
    await createClient({ url: proxy.url }).answer(task, request?.id ?? "", { decision: "approve" });
    expect(proxy.cuts()).toBe(1);
    await expect(
      createClient({ url: proxy.url }).answer(task, request?.id ?? "", { decision: "reject" }),
    ).rejects.toMatchObject({ code: "ALREADY_ANSWERED", status: 409, name: "ClientError" });
    await expect.poll(async () => (await stage.forge.get(task)).state).toBe("completed");
    const answers = (await stage.forge.log(task)).filter(({ kind }) => kind === "input");
    expect(answers).toHaveLength(1);
    await listening.close();
  });
});

describe("a client whose server is killed", () => {
  it("goes on with the one that is started at the same port, and has the log's text in the end", async () => {
    const data = join(folder, "killed");
    const stammering = [3, 1, 4];
    let server = await serve(data, 0, stammering);
    const port = Number(new URL(server.url).port);
    const client = createClient({ url: server.url, retries: 50 });
    const tasks = await Promise.all(
      Array.from({ length: 4 }, (_, index) => client.submit("speaker", `speech ${index}`)),
    );
    const readers = tasks.map(({ task }) => {
      const person = reader(task);
      const ended = (async () => {
        for await (const event of client.follow(task)) person.read(event);
      })();
      return { task, person, ended };
    });
    for (let kills = 0; kills < 3; kills++) {
      const seen = readers.map(({ person }) => person.entries.length);
      // Killed once something more has been heard, or everything.
      await expect
        .poll(
          () => readers.some(({ person }, at) => person.entries.length > (seen[at] ?? 0) || ended(person)),
          { timeout: 60_000 },
        )
        .toBe(true);
      await kill(server);
      server = await serve(data, port, stammering);
    }
    await Promise.all(readers.map((one) => one.ended));
    for (const { task, person } of readers) {
      expect(person.wrong).toEqual([]);
      expect(person.text()).toBe(textOfLog(await client.log(task)));
      expect(person.text()).toContain(answerOf(3));
    }
    await kill(server);
  }, 180_000);
});

const ended = ({ entries }: Reader): boolean => entries.at(-1)?.kind === "ended";
