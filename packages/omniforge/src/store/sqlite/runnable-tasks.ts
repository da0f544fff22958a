/** Tasks that may run, fair between tenants, without reading all of a tenant's that has many, nor of all tenants. */
import type { TaskReference } from "../../protocol/task.ts";
import { fairOrder, type Runnable } from "../fair-order.ts";
import type { Held } from "../task-store.ts";
import type { Database } from "./database.ts";

/** With more tenants than this, each is asked for fewer than are wanted: the others make up for it, or the next look does. */
const fewTenants = 8;

export function runnableTasks(database: Database, now: number, limit: number, held: Held): TaskReference[] {
  const woken = tenantsOf(database, "wokenTenants", {});
  const due = tenantsOf(database, "dueTenants", { now });
  const oldest = (tenant: string): number => Math.min(woken.get(tenant) ?? now, due.get(tenant) ?? now);
  // Each has one at least, so as many tenants as are wanted of tasks are enough: those who hold least, the oldest first.
  const tenants = [...new Set([...woken.keys(), ...due.keys()])]
    .map((tenant) => ({ tenant, held: held.get(tenant) ?? 0, oldest: oldest(tenant) }))
    .toSorted((one, other) => one.held - other.held || one.oldest - other.oldest)
    .slice(0, limit);
  const each = tenants.length > fewTenants ? Math.ceil((2 * limit) / tenants.length) : limit;
  const found = tenants.flatMap(({ tenant }) => {
    const tasks = new Map<string, Runnable>();
    const add = (query: string, parameters: Record<string, number>): void => {
      for (const row of database.all(query, { ...parameters, tenant, limit: each })) {
        const task = String(row["task"]);
        tasks.set(task, { tenant, task, updatedAt: Number(row["updated_at"]) });
      }
    };
    if (woken.has(tenant)) add("wokenOf", {});
    if (due.has(tenant)) add("dueOf", { now });
    return [...tasks.values()].toSorted((one, other) => one.updatedAt - other.updatedAt);
  });
  return fairOrder(found, held, limit);
}

/** Since when the first of each tenant's may run. */
function tenantsOf(
  database: Database,
  query: string,
  parameters: Record<string, number>,
): Map<string, number> {
  const rows = database.all(query, parameters);
  return new Map(rows.map((row) => [String(row["tenant"]), Number(row["oldest"])]));
}
