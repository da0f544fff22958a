import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "omniforge/store";
import { afterAll, expect, it } from "vitest";
import { folder } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

const queries = readFileSync(
  new URL("../../packages/omniforge/src/store/sqlite/queries.sql", import.meta.url),
  "utf8",
);

/** What SQLite reads first to perform a query, and by which index. */
function plan(database: DatabaseSync, name: string): string {
  const [, query = ""] =
    new RegExp(`^-- name: ${name}\n([^]*?)(?=\n-- name|$(?![^]))`, "m").exec(queries) ?? [];
  const steps = database.prepare(`explain query plan ${query}`).all();
  return steps.map(({ detail }) => String(detail)).join("; ");
}

it.each([
  ["tasks that are due", "nextDue", ["tasks_due (engine=? AND next_at>?)"]],
  [
    "tenants whose tasks were woken",
    "wokenTenants",
    [
      "tasks_runnable (engine=?)",
      "tasks_runnable (engine=? AND tenant>?)",
      "tasks_runnable (engine=? AND tenant=?)",
    ],
  ],
  ["tenants whose tasks are due", "dueTenants", ["tasks_due (engine=? AND next_at>? AND next_at<?)"]],
  ["a tenant's woken tasks", "wokenOf", ["tasks_runnable (engine=? AND tenant=?)"]],
  [
    "a tenant's due tasks",
    "dueOf",
    ["tasks_due_of_tenant (engine=? AND tenant=? AND next_at>? AND next_at<?)"],
  ],
  ["sub-agents that outlived their parent", "orphans", ["tasks_open_children (parent>?)"]],
  ["other engines' tasks by age", "unfinished", ["tasks_unfinished (engine=? AND"]],
  ["a task's sub-agents", "listChildren", ["tasks_by_parent (parent=? AND"]],
  [
    "a task and all below it",
    "listFamily",
    ["sqlite_autoindex_tasks_1 (task=?)", "tasks_by_root (root=? AND"],
  ],
  [
    "an agent's tasks by when they changed",
    "recentTasks",
    ["tasks_ended (tenant=? AND agent=?", "tasks_by_agent_and_state (tenant=? AND agent=? AND state=?)"],
  ],
])("finds %s without passing tasks that only wait, or have ended", async (what, query, indexes) => {
  const path = databases.path(`${what}.db`);
  await sqliteStore(path).close();
  const database = new DatabaseSync(path);
  const found = plan(database, query);
  database.close();
  for (const index of indexes)
    expect(found.replaceAll("COVERING INDEX", "INDEX")).toContain(`USING INDEX ${index}`);
});
