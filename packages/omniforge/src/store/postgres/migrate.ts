/** The tables: created and changed by numbered files, once, however many processes start at the same moment. */
import { readdirSync, readFileSync } from "node:fs";
import type { Client } from "pg";
import { OmniForgeError } from "../../protocol/error.ts";

const folder = new URL("migrations/", import.meta.url);

/** The newest schema that this release knows. */
export const knownSchema = readdirSync(folder).length;

/** Names our advisory locks among those of other programs in the same database. */
export const lockClass = 0x0f0c;

/** Which schema is there; 0: none. Looks only. */
export async function schemaOf(client: Client, schema: string): Promise<number> {
  // From the catalogue's rows: a look by name may be answered from a cache that is older than the lock waited for.
  const table = await client.query(
    "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'migrations'",
    [schema],
  );
  if (table.rowCount === 0) return 0;
  const newest = await client.query(`select coalesce(max(number), 0) as number from ${schema}.migrations`);
  const [row] = newest.rows as readonly { number: number }[];
  return row?.number ?? 0;
}

/**
 * Applies what is missing, in one transaction under a lock. Nothing is asked of the role but to read where nothing is
 * missing. Throws STORE_TOO_NEW for a newer release's.
 */
export async function migrate(client: Client, schema: string): Promise<void> {
  if ((await checked(client, schema)) === knownSchema) return;
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock($1, hashtext('migrate:' || $2))", [lockClass, schema]);
    const from = await checked(client, schema);
    if (from === 0) await createSchema(client, schema);
    for (const [index, file] of readdirSync(folder).toSorted().entries()) {
      if (index < from) continue;
      await client.query(readFileSync(new URL(file, folder), "utf8"));
      await client.query(`insert into ${schema}.migrations (number, at) values ($1, now())`, [index + 1]);
    }
    await client.query("commit");
  } catch (thrown) {
    await client.query("rollback");
    throw thrown;
  }
}

/** `if not exists` asks for the right to create one even where it exists. */
async function createSchema(client: Client, schema: string): Promise<void> {
  const found = await client.query("select 1 from pg_namespace where nspname = $1", [schema]);
  if (found.rowCount === 0) await client.query(`create schema ${schema}`);
  await client.query(
    `create table if not exists ${schema}.migrations (number integer primary key, at timestamptz not null)`,
  );
}

async function checked(client: Client, schema: string): Promise<number> {
  const found = await schemaOf(client, schema);
  if (found <= knownSchema) return found;
  throw new OmniForgeError(
    "STORE_TOO_NEW",
    `the database has schema ${found}; this release knows up to ${knownSchema}`,
  );
}
