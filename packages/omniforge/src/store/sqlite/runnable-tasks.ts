/** Tasks that may run, fair between tenants, without reading all of a tenant's that has many. */
import type { TaskReference } from "../../protocol/task.ts";
import { fairOrder } from "../fair-order.ts";
import type { Held } from "../task-store.ts";
import type { Database } from "./database.ts";

/** With more tenants than this, each is asked for fewer than are wanted: the others make up for it, or the next look does. */
const fewTenants = 8;

export function runnableTasks(database: Database, now: number, limit: number, held: Held): TaskReference[] {
  const tenants = database.all("runnableTenants", { now }).map((row) => String(row["tenant"]));
  const each = Math.min(limit, Math.ceil((limit * fewTenants) / Math.max(1, tenants.length)));
  const found = tenants.flatMap((tenant) =>
    database.all("runnableOf", { tenant, now, limit: each }).map((row) => ({
      tenant,
      task: String(row["task"]),
      updatedAt: Number(row["updated_at"]),
    })),
  );
  return fairOrder(found, held, limit);
}
