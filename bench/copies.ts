/** Fills a database quickly: one task that the engine itself has made, and copies of its rows. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface Copies {
  readonly directory: string;
  readonly task: string;
  readonly times: number;
  /** So many of the copies are held by a process that is dead. */
  readonly held?: number;
}

/** Copies a task's row, its log and what was accepted; the copies differ in their ids and times. Nobody may have it open. */
export function copyTask({ directory, task, times, held = 0 }: Copies): void {
  const database = new DatabaseSync(join(directory, "omniforge.db"));
  const id = Number(database.prepare("select id from tasks where task = ?").get(task)?.["id"]);
  const name = `'copy_' || printf('%06d', n.i)`;
  const differ: Readonly<Record<string, string>> = {
    id: "t.id + n.i",
    task: name,
    root: name,
    context: name,
    idempotency_key: "null",
    created_at: "t.created_at + n.i",
    updated_at: "t.updated_at + n.i",
    owner: `case when n.i <= ${held} then 'process_gone' end`,
  };
  const columns = database
    .prepare("select name from pragma_table_info('tasks')")
    .all()
    .map((row) => String(row["name"]));
  const numbers = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${times})`;
  database.exec(
    `begin immediate;
     ${numbers} insert into tasks (${columns.join(", ")})
       select ${columns.map((column) => differ[column] ?? `t.${column}`).join(", ")} from tasks t, n where t.id = ${id};
     ${numbers} insert into entries (task, seq, at, v, kind, key, body)
       select task + n.i, seq, at, v, kind, key, body from n cross join entries e where e.task = ${id} order by n.i, seq;
     ${numbers} insert into accepted (task, id, seq) select task + n.i, id, seq from n cross join accepted a where a.task = ${id};
     commit;
     pragma wal_checkpoint(truncate);`,
  );
  database.close();
}
