/**
 * The floor: a loop that writes the same rows with the same durability, by hand and with nothing around it. What an
 * engine needs beyond this is its own.
 *
 * Two transactions a turn, as the engine makes them: the reply with its head, the result with its head. Bodies are
 * written as JSON each time, because a loop without that would not be one.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gaps } from "./statistics.ts";
import { resultText, type Cost, type Work } from "./work.ts";

const migrations = new URL("../packages/omniforge/src/store/sqlite/migrations/", import.meta.url);

/** Does the work with nothing but SQLite. */
export function runFloor({ directory, durability, turns }: Work): Cost {
  const path = join(directory, "floor.db");
  const database = new DatabaseSync(path);
  database.exec(
    `pragma page_size = 4096; pragma journal_mode = wal; pragma wal_autocheckpoint = 1000;
     pragma synchronous = ${durability === "power" ? "full" : "normal"};`,
  );
  for (const file of readdirSync(migrations).toSorted())
    database.exec(readFileSync(new URL(file, migrations), "utf8"));
  database.exec(
    `insert into tasks (id, task, tenant, agent, spec_hash, loop_version, engine, root, depth, created_at, state, limits, head_seq,
       turn, turn_seq, epoch, epoch_turn, epoch_seq, messages, taken, children, pending, usage, active_ms, active_since, updated_at)
     values (1, 'task_0123456789abcdef', 'default', 'bench', 'sha256-0', 1, 'in-process', 'task_0123456789abcdef', 0, 0, 'working',
       '{"turns":100,"atLimit":"fail","depth":3,"children":32}', 0, 0, 0, 0, 0, 0, 1, 1, 0, '[]', '{}', 0, 0, 0)`,
  );
  const insert = database.prepare(
    "insert into entries (task, seq, at, v, kind, key, body) values (1, ?, ?, 1, ?, ?, ?)",
  );
  const advance = database.prepare(
    "update tasks set head_seq = ?, turn = ?, turn_seq = ?, usage = ?, updated_at = ? where id = 1",
  );
  const moments: number[] = [];
  let seq = 0;
  const write = (kind: number, key: string, body: object, turn: number): void => {
    seq++;
    const at = Date.now();
    database.exec("begin immediate");
    insert.run(seq, at, kind, key, JSON.stringify(body));
    advance.run(seq, turn, seq, JSON.stringify({ inputTokens: 10 * turn, outputTokens: 5 * turn }), at);
    database.exec("commit");
  };
  for (let turn = 1; turn <= turns; turn++) {
    moments.push(performance.now());
    write(2, `${turn}/model/0`, replyBody(turn), turn);
    write(8, `${turn}/tool/0`, resultBody(turn), turn);
  }
  moments.push(performance.now());
  database.close();
  return { turns: gaps(moments), bytes: statSync(path).size, written: 0 };
}

/** As the engine's: see protocol/entry.ts. */
function replyBody(turn: number): object {
  const call = {
    index: 0,
    key: `${turn}/tool/0`,
    name: "look",
    runs: "tool",
    effects: "none",
    timeoutMs: 60_000,
  };
  const part = { type: "tool-call", index: 0, callId: `call-${turn}`, name: "look", arguments: { turn } };
  const usage = { inputTokens: 10, outputTokens: 5 };
  return {
    turn,
    outcome: "calls",
    model: "bench:model",
    parts: [part],
    calls: [call],
    took: [],
    usage,
    stop: "tool-calls",
  };
}

function resultBody(turn: number): object {
  return { name: "look", status: "result", parts: [{ type: "text", text: resultText(turn) }], durationMs: 0 };
}
