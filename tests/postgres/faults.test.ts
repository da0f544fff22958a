/** What breaks around a PostgreSQL store: its server, its connections, and the processes that use it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { entry, OmniForgeError, userMessage } from "omniforge/protocol";
import { postgresStore, type Commit, type PostgresStore, type TaskStore } from "omniforge/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { first, message, newTask } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { patience, skipped, startPostgres, type TestServer } from "./server.ts";

const program = fileURLToPath(new URL("child.ts", import.meta.url));
const children: ChildProcess[] = [];

interface Child {
  readonly process: ChildProcess;
  readonly said: readonly string[];
  readonly code: Promise<unknown>;
}

function start(...given: readonly string[]): Child {
  const child = spawn(process.execPath, ["--conditions=omniforge:source", program, ...given], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
  return { process: child, said, code: once(child, "close").then(([code]: unknown[]) => code) };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + patience; !(await holds()); await delay(10))
    if (Date.now() > deadline) throw new Error("it did not come about");
}

/** Every id once, no gap, the two entries of each commit beside one another; and the head as the log says. */
async function expectWhole(store: TaskStore, ids: readonly string[]): Promise<void> {
  const log = await store.read(first, 0);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  const said = log.slice(2).flatMap((one) => (one.kind === "message" ? [one.body.id] : []));
  expect(said.toSorted()).toEqual(ids.toSorted());
  const beside = log.slice(2).flatMap((one) => (one.kind === "recovery" ? one.body.steps : []));
  expect(beside).toEqual(said);
  expect(await store.row(first)).toMatchObject({ headSeq: log.length, messages: ids.length + 1 });
}

const idsOf = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`);

describe.skipIf(skipped !== "")(`faults around PostgreSQL${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  const stores: PostgresStore[] = [];
  const open = async (
    address = server.fresh(),
    options: Parameters<typeof postgresStore>[1] = {},
  ): Promise<PostgresStore> => {
    const store = await postgresStore(address, options);
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => server.stop());

  it("two processes that commit to one task at once leave a log without a gap", async () => {
    const address = server.fresh();
    const both = [start("commit", address, "a", "200"), start("commit", address, "b", "200")];
    expect(await Promise.all(both.map(({ code }) => code))).toEqual([0, 0]);
    await expectWhole(await open(address), [...idsOf("a", 200), ...idsOf("b", 200)]);
  });

  it("eight processes that open an empty database at once all open it, and migrate it once", async () => {
    const address = server.fresh();
    const all = Array.from({ length: 8 }, () => start("open", address));
    expect(await Promise.all(all.map(({ code }) => code))).toEqual(Array.from({ length: 8 }, () => 0));
    const store = await open(address);
    expect(await store.list({ tenant: "acme", limit: 20 })).toHaveLength(8);
  });

  it("a newer release's schema is refused, and left as it is", async () => {
    const address = server.fresh();
    await open(address);
    const schema = new URL(address).searchParams.get("schema");
    await server.ask(`insert into ${schema}.migrations (number, at) values (999, now())`);
    await expect(postgresStore(address)).rejects.toMatchObject({ code: "STORE_TOO_NEW" });
  });

  it("connections that are cut in the middle of commits lose and double nothing", async () => {
    const address = server.fresh();
    const child = start("commit", address, "a", "150");
    const over = new AbortController();
    void child.code.then(() => over.abort());
    let cut = 0;
    while (!over.signal.aborted) {
      const gone = await server.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'omniforge'",
      );
      cut += gone.length;
      // Each time it gets somewhere, or it would only connect for ever.
      const got = child.said.length;
      await until(() => over.signal.aborted || child.said.length > got);
    }
    expect(await child.code).toBe(0);
    expect(cut).toBeGreaterThan(5);
    expect(child.said.map((line) => line.split(" ")[1]).filter((seq) => !/^\d+$/.test(seq ?? ""))).toEqual(
      [],
    );
    await expectWhole(await open(address), idsOf("a", 150));
  });

  it("a server that is killed and started again while processes commit loses and doubles nothing", async (context) => {
    if (server.kill === undefined || server.start === undefined)
      return context.skip("the server that was given is not ours to kill");
    const address = server.fresh();
    const child = start("commit", address, "a", "400");
    for (let kills = 1; kills <= 3; kills++) {
      await until(() => child.said.length > kills * 60);
      await server.kill();
      await delay(50);
      await server.start();
    }
    expect(await child.code).toBe(0);
    await expectWhole(await open(address), idsOf("a", 400));
  });

  it("a server that stays away is told as such, without a password, and may be tried again", async (context) => {
    if (server.kill === undefined || server.start === undefined)
      return context.skip("the server that was given is not ours to kill");
    const url = new URL(server.fresh());
    url.password = "sesame-open";
    const store = await open(url.href, { patienceMs: 300 });
    await store.create(newTask());
    await server.kill();
    // A connection's own process may outlive its server for a moment, and answer once more.
    let failed: unknown;
    await until(async () => {
      failed = await store.row(first).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return failed !== undefined;
    });
    await server.start();
    expect(failed).toMatchObject({ code: "STORE_UNREACHABLE", retryable: true });
    expect(String(failed)).not.toContain("sesame");
    expect(store.shown).not.toContain("sesame");
    await until(async () => (await store.row(first).catch(() => undefined)) !== undefined);
    await store.commit({ ...first, entries: [message("after")], at: Date.now(), accepts: "message:after" });
  });

  it("an owner whose process died is known to be dead; one that stands still is not, nor one whose connection was cut", async () => {
    const address = server.fresh();
    const child = start("own", address, "other");
    await until(() => child.said.includes("owned"));
    const store = await open(address);
    const isDead = async (): Promise<boolean | undefined> =>
      (await store.executions.owners()).find(({ owner }) => owner === "other")?.dead;
    await server.ask(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'omniforge' and query like 'listen%'",
    );
    child.process.kill("SIGSTOP");
    await delay(100);
    expect(await isDead()).toBe(false);
    child.process.kill("SIGCONT");
    child.process.kill("SIGKILL");
    await until(async () => (await isDead()) === true);
  });

  it("a store with one connection serves hundreds at once", async () => {
    const store = await open(server.fresh(), { connections: 1 });
    await store.create(newTask());
    const commits = Array.from({ length: 300 }, (_, index) =>
      store.commit({ ...first, entries: [message(`m${index}`)], at: Date.now() }),
    );
    expect((await Promise.all(commits)).filter(({ kind }) => kind === "committed")).toHaveLength(300);
  });

  it("what another process writes is known soon, by name; and what nobody announced, too", async () => {
    const address = server.fresh();
    const [one, other] = [await open(address, { pollMs: 50 }), await open(address, { pollMs: 50 })];
    const before = await other.grown?.();
    await one.create(newTask());
    const version = other.version();
    await until(async () => ((await other.grown?.(before?.mark))?.logs ?? []).length > 0);
    expect((await other.grown?.(before?.mark))?.logs).toEqual([{ ...first, headSeq: 2 }]);
    await until(() => other.version() !== version);
    const schema = new URL(address).searchParams.get("schema");
    const mark = (await other.grown?.())?.mark;
    // As a process that died between its commit and its announcement.
    await server.ask(
      `insert into ${schema}.entries (task, seq, at, v, kind, body, mark) select id, 3, 1, 1, 5, '{"id":"c"}', 1 from ${schema}.tasks`,
    );
    await server.ask(`update ${schema}.tasks set head_seq = 3`);
    await until(async () => ((await other.grown?.(mark))?.logs ?? []).some(({ headSeq }) => headSeq === 3));
  });

  it("texts with U+0000, quotes and ten megabytes are read as they were written; an id with U+0000 is refused", async () => {
    const store = await open();
    const odd = { tenant: `o'tenant "x"`, task: `t'"; drop table tasks; --` };
    await store.create(newTask(odd));
    const texts = ["\u0000 and \\u0000", `'"\\ $1 {a,b} \u2028`, "x".repeat(10_000_000)];
    for (const [index, text] of texts.entries()) {
      const commit: Commit = {
        ...odd,
        at: 1,
        entries: [entry("message", { id: `m${index}`, message: userMessage(text) })],
        accepts: `message:'${index}"`,
      };
      await store.commit(commit);
      expect((await store.findAccepted(odd, `message:'${index}"`))?.body).toEqual(commit.entries[0]?.body);
    }
    for (const id of ["a\u0000b", "a\uD800b"]) {
      const refused = store.create(newTask({ task: id }));
      await expect(refused).rejects.toSatisfy((thrown) => OmniForgeError.is(thrown, "INVALID_INPUT"));
    }
    const bytes = Buffer.alloc(3_000_000, 7);
    const blob = await store.blobs.put(odd, bytes);
    expect(bytes.equals((await store.blobs.get(odd, blob)) ?? Buffer.alloc(0))).toBe(true);
    expect(await store.blobs.list(odd)).toEqual([blob.hash]);
    await store.blobs.erase(odd);
    expect(await store.blobs.get(odd, blob)).toBeUndefined();
  });
});
