/**
 * Databases that earlier releases left behind are finished by today's code. A change that strands one is wrong: mend the
 * change, never the database.
 */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { isKind, type Entry } from "../../packages/omniforge/src/protocol/entry.ts";
import { textOf } from "../../packages/omniforge/src/protocol/message.ts";
import { expected } from "./expected.ts";
import { brokenBetween, copyOf, finish, goldenDatabases, readLeft, type Left } from "./finish.ts";

/** A copy that goes with the test. */
function opened(name: string): string {
  const directory = copyOf(name);
  onTestFinished(() => rmSync(dirname(directory), { recursive: true, force: true }));
  return directory;
}

const resultsOf = (log: readonly Entry[]): Record<string, string> =>
  Object.fromEntries(log.filter(isKind("result")).map(({ key = "", body }) => [key, body.status]));

function executedSince(before: Left, after: Left): readonly string[] {
  const depths = new Map(after.tasks.map(({ row }) => [row.task, row.depth]));
  return after.ledger.slice(before.ledger.length).flatMap(({ phase, key }) => {
    const [task = "", ...rest] = key.split("/");
    return phase === "start" && key.includes("/tool/") ? [`${depths.get(task)}/${rest.join("/")}`] : [];
  });
}

describe.each(goldenDatabases())("the database %s", (name) => {
  it("is finished, and nothing that was finished is repeated", async () => {
    const directory = opened(name);
    const before = await readLeft(directory);
    expect(await finish(directory)).toEqual([]);
    const after = await readLeft(directory);
    expect(brokenBetween(before, after)).toEqual([]);

    const wanted = expected[name.split("/")[1] ?? ""];
    const [root] = after.tasks;
    const ended = root?.log.find(isKind("ended"))?.body;
    expect({
      state: ended?.state,
      text: textOf(ended?.parts ?? []),
      results: resultsOf(root?.log ?? []),
      executed: executedSince(before, after),
    }).toEqual(wanted);
  });
});

it("every state of expected.ts is there, in every schema", () => {
  const schemas = [...new Set(goldenDatabases().map((name) => name.split("/")[0]))];
  expect(schemas.length).toBeGreaterThan(0);
  const all = schemas.flatMap((schema) => Object.keys(expected).map((state) => `${schema}/${state}`));
  expect(goldenDatabases().toSorted()).toEqual(all.toSorted());
});

/** A database whose entries mean something that today's code does not know. */
async function finishMutated(
  statement: string,
): Promise<{ errors: readonly unknown[]; before: Left; directory: string }> {
  const directory = opened("schema-2/mid-turn");
  const before = await readLeft(directory);
  const database = new DatabaseSync(join(directory, "omniforge.db"));
  const { changes } = database.prepare(statement).run();
  database.close();
  expect(Number(changes)).toBeGreaterThan(0);
  return { errors: await finish(directory), before, directory };
}

const lookKind = "key = '1/tool/0'";

describe("a stored thing whose meaning has changed", () => {
  it.each([
    ["an entry of a later version", `update entries set v = 99 where ${lookKind}`, "STORE_TOO_NEW"],
    ["an entry of an unknown kind", `update entries set kind = 99 where ${lookKind}`, "STORE_TOO_NEW"],
    [
      "an entry with a renamed field",
      `update entries set body = replace(body, '"status"', '"state"') where ${lookKind}`,
      "STORE_CORRUPT",
    ],
  ])("stops its task with a clear error, and nothing is executed: %s", async (_what, statement, code) => {
    const { errors, before, directory } = await finishMutated(statement);
    expect(errors[0]).toMatchObject({ code, message: expect.stringMatching(/^entry \d+ /) as string });
    const database = new DatabaseSync(join(directory, "omniforge.db"));
    const kept = database.prepare("select count(*) as entries from entries where kind <> 14").get();
    database.close();
    expect(kept).toEqual({ entries: before.tasks[0]?.log.length });
  });

  it("is noticed here where it is silent: step keys of another shape repeat what was finished", async () => {
    const renamed = "update entries set key = replace(key, '/tool/', '/call/') where key like '1/tool/%'";
    const { before, directory } = await finishMutated(renamed);
    expect(brokenBetween(before, await readLeft(directory)).join("\n")).toContain("executed again");
  });
});
