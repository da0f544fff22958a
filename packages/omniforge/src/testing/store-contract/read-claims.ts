/** Reading: pages, turns, keys and lists. */
import assert from "node:assert/strict";
import type { NewTask, RecentFilter, TaskFilter, TaskStore } from "../../store/task-store.ts";
import {
  committed,
  create,
  end,
  endedEntry,
  first,
  message,
  openTurns,
  result,
  rowOf,
  start,
  writerSpec,
  type Claim,
} from "./claim.ts";

export function readClaims(claim: Claim): void {
  claim("pages through a log without leaving out or repeating an entry", async (store) => {
    await create(store);
    for (let index = 0; index < 10; index++) await committed(store, { entries: [message(`m${index}`)] });
    const pages: number[] = [];
    for (let after = 0; ;) {
      const page = await store.read(first, after, 5);
      if (page.length === 0) break;
      pages.push(page.length);
      after = page.at(-1)?.seq ?? Infinity;
    }
    assert.deepEqual(pages, [5, 5, 2]);
    assert.deepEqual(
      (await store.read(first, 9)).map(({ seq }) => seq),
      [10, 11, 12],
    );
    assert.deepEqual(await store.read(first, 12), []);
    assert.deepEqual(await store.read(first, 0, 0), []);
  });

  claim("shows the row and the entries since the current turn began, as of one moment", async (store) => {
    await create(store);
    assert.deepEqual(
      (await store.turn(first))?.entries.map(({ seq }) => seq),
      [1, 2],
    );
    await openTurns(store, 1);
    await committed(store, { entries: [result(1, 0)] });
    assert.deepEqual(
      (await store.turn(first))?.entries.map(({ seq }) => seq),
      [3, 4],
    );
    await openTurns(store, 2);
    const read = await store.turn(first);
    assert.deepEqual(
      read?.entries.map(({ kind, key }) => [kind, key]),
      [["reply", "2/model/0"]],
    );
    assert.deepEqual(read?.row, await rowOf(store));
    const [before, , after] = await Promise.all([
      store.turn(first),
      committed(store, { entries: [result(2, 0)] }),
      store.turn(first),
    ]);
    for (const one of [before, after]) assert.equal(one?.entries.at(-1)?.seq, one?.row.headSeq);
  });

  claim("finds a key of the current turn, of any earlier turn, and none that is not there", async (store) => {
    await create(store);
    await openTurns(store, 1);
    await committed(store, { entries: [result(1, 0)] });
    await openTurns(store, 3);
    await committed(store, { entries: [result(3, 0)] });
    assert.deepEqual(
      [(await store.find(first, "1/tool/0"))?.seq, (await store.find(first, "3/tool/0"))?.seq],
      [4, 7],
    );
    assert.deepEqual(
      [(await store.find(first, "1/model/0"))?.seq, (await store.find(first, "3/model/0"))?.seq],
      [3, 6],
    );
    for (const key of ["2/tool/0", "4/model/0", "1/tool/00", "", "no key of ours"])
      assert.equal(await store.find(first, key), undefined);
  });

  claim("finds what was accepted by its id, and nothing else by it", async (store) => {
    await create(store);
    await committed(store, { entries: [message("a")], accepts: "message:a" });
    assert.equal((await store.findAccepted(first, "message:a"))?.seq, 3);
    assert.equal(await store.findAccepted(first, "input:a"), undefined);
    assert.equal(await store.findAccepted(first, "a"), undefined);
  });

  claim("tells whose logs have grown since a mark, where it can tell", async (store) => {
    if (store.grown === undefined) return;
    await create(store);
    await create(store, { task: "task_2", tenant: "globex" });
    const { mark, logs } = await store.grown();
    assert.equal(logs, undefined);
    assert.deepEqual((await store.grown(mark)).logs, []);
    await committed(store, { entries: [message("a"), message("b")] });
    const grown = await store.grown(mark);
    assert.deepEqual(grown.logs, [{ ...first, headSeq: 4 }]);
    assert.deepEqual((await store.grown(grown.mark)).logs, []);
    await committed(store, { tenant: "globex", task: "task_2", entries: [message("c")] });
    await create(store, { task: "task_3" });
    const names = (await store.grown(grown.mark)).logs?.map(({ tenant, task }) => `${tenant}/${task}`);
    assert.deepEqual(names?.toSorted(), ["acme/task_3", "globex/task_2"]);
  });

  claim("can be tried, which changes nothing", async (store) => {
    await create(store);
    const before = await rowOf(store);
    await store.probe?.();
    assert.deepEqual(await rowOf(store), before);
  });

  claim("lists tasks by age, the newest first, page by page", async (store) => {
    for (const task of ["task_b", "task_d", "task_a", "task_e", "task_c"]) await create(store, { task });
    const list = async (some: Partial<TaskFilter>): Promise<string[]> =>
      (await store.list({ tenant: "acme", limit: 2, ...some })).map(({ task }) => task);
    assert.deepEqual(await list({}), ["task_e", "task_d"]);
    const after = (task: string): Partial<TaskFilter> => ({ before: { createdAt: start, task } });
    assert.deepEqual(await list(after("task_d")), ["task_c", "task_b"]);
    assert.deepEqual(await list(after("task_b")), ["task_a"]);
    assert.deepEqual(await list(after("task_a")), []);
  });

  claim("lists by the time that tasks were created, whatever their ids", async (store) => {
    for (const [task, at] of [
      ["task_a", 30],
      ["task_b", 10],
      ["task_c", 20],
      ["task_d", 20],
    ] as const)
      await create(store, { task, at });
    const list = async (some: Partial<TaskFilter>): Promise<string[]> =>
      (await store.list({ tenant: "acme", limit: 10, ...some })).map(({ task }) => task);
    assert.deepEqual(await list({}), ["task_a", "task_d", "task_c", "task_b"]);
    assert.deepEqual(await list({ createdFrom: 20 }), ["task_a", "task_d", "task_c"]);
    assert.deepEqual(await list({ createdBefore: 20 }), ["task_b"]);
    assert.deepEqual(await list({ createdFrom: 20, createdBefore: 30 }), ["task_d", "task_c"]);
    for (const some of [{}, { agent: "writer" }, { states: ["submitted" as const] }]) {
      const before = { createdAt: 20, task: "task_d" };
      assert.deepEqual(await list({ ...some, before }), ["task_c", "task_b"]);
      assert.deepEqual(await list({ ...some, before, createdBefore: 20 }), ["task_b"]);
      assert.deepEqual(await list({ ...some, before, createdFrom: 20 }), ["task_c"]);
    }
  });

  claim("lists tasks whose agent's pinned spec has a skill", async (store) => {
    const specsWith = (...skills: string[]): NewTask["specs"] => ({
      hash: `sha256-${skills.join("+")}`,
      set: { v: 1, root: "writer", agents: { writer: { ...writerSpec, skills } } },
    });
    await create(store, { task: "task_1" });
    await create(store, { task: "task_2", specs: specsWith("pdf", 'it\'s "odd"') });
    await create(store, { task: "task_3", specs: specsWith("pdf") });
    await end(store, { tenant: "acme", task: "task_3" });
    const list = async (some: Partial<TaskFilter>): Promise<string[]> =>
      (await store.list({ tenant: "acme", limit: 10, ...some })).map(({ task }) => task);
    assert.deepEqual(await list({ skill: "pdf" }), ["task_3", "task_2"]);
    assert.deepEqual(await list({ skill: 'it\'s "odd"' }), ["task_2"]);
    assert.deepEqual(await list({ skill: "pdf", states: ["completed"] }), ["task_3"]);
    assert.deepEqual(await list({ skill: "pdf", agent: "writer" }), ["task_3", "task_2"]);
    assert.deepEqual(await list({ skill: "pdf", agent: "reader" }), []);
    assert.deepEqual(await list({ skill: "xls" }), []);
    assert.deepEqual(await list({ skill: "pdf", root: "task_2" }), ["task_2"]);
  });

  claim("lists by agent, states, parent and root, alone and together", async (store) => {
    await create(store, { task: "task_1" });
    const below = { root: "task_1", depth: 1, parent: { task: "task_1", key: "1/tool/0" } };
    await create(store, { task: "task_2", agent: "reader", ...below });
    await create(store, { task: "task_3", ...below });
    await create(store, { task: "task_4", agent: "reader" });
    await openTurns(store, 1, { tenant: "acme", task: "task_3" });
    await end(store, { tenant: "acme", task: "task_4" });
    const list = async (some: Partial<TaskFilter>): Promise<string[]> =>
      (await store.list({ tenant: "acme", limit: 10, ...some })).map(({ task }) => task);
    assert.deepEqual(await list({ agent: "reader" }), ["task_4", "task_2"]);
    assert.deepEqual(await list({ states: ["completed", "working"] }), ["task_4", "task_3"]);
    assert.deepEqual(await list({ states: [] }), []);
    assert.deepEqual(await list({ parent: "task_1" }), ["task_3", "task_2"]);
    assert.deepEqual(await list({ root: "task_1" }), ["task_3", "task_2", "task_1"]);
    assert.deepEqual(await list({ root: "task_1", agent: "reader", states: ["submitted"] }), ["task_2"]);
  });

  const recentOf =
    (store: TaskStore) =>
    async (some: Partial<RecentFilter> = {}): Promise<[readonly string[], number]> => {
      const { rows, total } = await store.recent({ tenant: "acme", agent: "writer", limit: 10, ...some });
      return [rows.map(({ task }) => task), total];
    };

  claim("lists an agent's tasks by when they last changed, the last first, page by page", async (store) => {
    for (const task of ["task_a", "task_b", "task_c", "task_d"]) await create(store, { task });
    await create(store, { task: "task_e", agent: "reader" });
    await create(store, { task: "task_f", tenant: "globex" });
    await create(store, { task: "task_g", root: "task_a", parent: { task: "task_a", key: "1/tool/0" } });
    const change = (task: string, at: number): Promise<unknown> =>
      committed(store, { task, entries: [message(`at ${at}`)], at });
    await change("task_c", start + 30);
    await committed(store, { task: "task_a", entries: [endedEntry], at: start + 20 });
    await committed(store, { task: "task_b", entries: [endedEntry], at: start + 40 });
    const recent = recentOf(store);
    assert.deepEqual(await recent(), [["task_b", "task_c", "task_a", "task_d"], 4]);
    assert.deepEqual(await recent({ limit: 2 }), [["task_b", "task_c"], 4]);
    const after = { task: "task_c", updatedAt: start + 30 };
    assert.deepEqual(await recent({ limit: 2, after }), [["task_a", "task_d"], 4]);
    assert.deepEqual(await recent({ after: { task: "task_d", updatedAt: start } }), [[], 4]);
    assert.deepEqual(await recent({ since: start + 30 }), [["task_b", "task_c"], 2]);
    assert.deepEqual(await recent({ states: ["completed"] }), [["task_b", "task_a"], 2]);
    assert.deepEqual(await recent({ states: [] }), [[], 0]);
  });

  claim("orders tasks of one moment by their id, the newest first", async (store) => {
    for (const task of ["task_b", "task_d", "task_a", "task_c"]) await create(store, { task });
    await end(store, { tenant: "acme", task: "task_c" });
    const recent = recentOf(store);
    assert.deepEqual(await recent(), [["task_d", "task_c", "task_b", "task_a"], 4]);
    const after = { task: "task_c", updatedAt: start };
    assert.deepEqual(await recent({ after }), [["task_b", "task_a"], 4]);
  });

  claim("keeps the conversation of a task, which is its root's own where none is named", async (store) => {
    await create(store, { task: "task_a", context: "talk" });
    await create(store, { task: "task_b" });
    await create(store, { task: "task_c", context: "talk" });
    const recent = recentOf(store);
    assert.deepEqual(await recent({ context: "talk" }), [["task_c", "task_a"], 2]);
    assert.deepEqual(await recent({ context: "task_b" }), [["task_b"], 1]);
    assert.deepEqual(await recent({ context: "task_a" }), [[], 0]);
    assert.equal((await rowOf(store, { tenant: "acme", task: "task_c" })).context, "talk");
  });

  claim("has nothing to show of a task that is not there", async (store) => {
    assert.equal(await store.row(first), undefined);
    assert.equal(await store.turn(first), undefined);
    assert.deepEqual(await store.read(first, 0), []);
    assert.equal(await store.find(first, "1/model/0"), undefined);
    assert.equal(await store.findAccepted(first, "message:first"), undefined);
    assert.deepEqual(await store.late(first), []);
  });

  claim(
    "has another version after each write, its own included, and the same one otherwise",
    async (store) => {
      const versions = [store.version()];
      await create(store);
      versions.push(store.version());
      await committed(store, { entries: [message("m")] });
      versions.push(store.version());
      assert.equal(new Set(versions).size, 3);
      await store.read(first, 0);
      assert.equal(store.version(), versions.at(-1));
    },
  );
}
