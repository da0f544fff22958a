/**
 * What a turn costs on PostgreSQL, against a floor that writes the same rows on the same server, by hand and with prepared
 * statements: `node --conditions=omniforge:source bench/postgres.ts`.
 *
 * The server: OMNIFORGE_TEST_POSTGRES, else one from local binaries, which syncs. Engine and floor take turns.
 */
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { median, gaps } from "./statistics.ts";
import { resultText } from "./work.ts";

process.env["OMNIFORGE_TEST_FSYNC"] = "on";
const { startPostgres } = await import("../tests/postgres/server.ts");

const turns = 100;
const rounds = 5;
const many = 50;
const manyTurns = 10;
const server = await startPostgres();
const folder = mkdtempSync(join(tmpdir(), "omniforge-bench-"));

const look = defineTool({
  name: "look",
  description: "Looks",
  parameters: {
    type: "object",
    properties: { turn: { type: "number" } },
    required: ["turn"],
    additionalProperties: false,
  },
  effects: "none",
  execute: (parameters: { readonly turn: number }) => resultText(parameters.turn),
});

/** Milliseconds of each turn of one task; and turns a second of many at once. */
async function engine(
  tasks: number,
  each: number,
): Promise<{ readonly turns: readonly number[]; readonly rate: number }> {
  const moments: number[] = [];
  const model = scriptedModel(({ results }) => {
    moments.push(performance.now());
    return results.length < each
      ? { calls: [{ name: "look", arguments: { turn: results.length + 1 } }] }
      : { text: "done" };
  }, "bench:model");
  const forge = await createOmniForge({
    dataDirectory: folder,
    database: server.fresh(),
    models: { "bench:model": model },
  });
  const agent = defineAgent({
    name: "bench",
    instructions: "Look.",
    model: "bench:model",
    tools: [look],
    limits: { turns: each + 1 },
  });
  const start = performance.now();
  await Promise.all(Array.from({ length: tasks }, () => forge.run(agent, "go")));
  const rate = (tasks * each * 1_000) / (performance.now() - start);
  await forge.close();
  return { turns: gaps(moments), rate };
}

/** Two commits a turn, each one statement: an entry of a kilobyte, and its head. */
async function floor(): Promise<readonly number[]> {
  const address = server.fresh();
  const schema = new URL(address).searchParams.get("schema");
  const url = new URL(address);
  url.searchParams.delete("schema");
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(
    `create schema ${schema}; set search_path = ${schema};
     create table heads (id int primary key, seq int, body text); insert into heads values (1, 0, '');
     create table entries (task int, seq int, kind int, key text, body text, primary key (task, seq))`,
  );
  const moments: number[] = [];
  let seq = 0;
  const write = (body: string): Promise<unknown> =>
    client.query({
      name: "write",
      text: `with head as (update heads set seq = $1, body = $3 where id = 1 and seq = $1 - 1 returning id)
             insert into entries select id, $1, 1, $2, $4 from head`,
      values: [++seq, `${seq}/tool/0`, JSON.stringify({ inputTokens: seq }), body],
    });
  for (let turn = 1; turn <= turns; turn++) {
    moments.push(performance.now());
    await write(JSON.stringify({ turn, calls: [{ name: "look", arguments: { turn } }] }));
    await write(JSON.stringify({ parts: [{ type: "text", text: resultText(turn) }] }));
  }
  moments.push(performance.now());
  await client.end();
  return gaps(moments);
}

try {
  await engine(1, 20);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = median((await engine(1, turns)).turns);
    const bare = median(await floor());
    ratios.push(ours / bare);
    process.stdout.write(
      `turn p50: engine ${ours.toFixed(2)} ms, floor ${bare.toFixed(2)} ms, ratio ${(ours / bare).toFixed(2)}\n`,
    );
  }
  const { rate } = await engine(many, manyTurns);
  process.stdout.write(
    `median ratio ${median(ratios).toFixed(2)}; ${many} tasks at once: ${rate.toFixed(0)} turns/s\n`,
  );
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
