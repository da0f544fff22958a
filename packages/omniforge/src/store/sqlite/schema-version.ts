/** Which schema a database file has, looked at without opening it for work: nothing is created, migrated or locked. */
import { existsSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

export interface SchemaVersion {
  /** None: there is no database yet. */
  readonly found?: number;
  /** The newest that this release knows. */
  readonly known: number;
}

/** Throws where the file is no database. */
export function schemaVersion(path: string): SchemaVersion {
  const known = readdirSync(new URL("migrations/", import.meta.url)).length;
  if (!existsSync(path)) return { known };
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return { known, found: Number(database.prepare("pragma user_version").get()?.["user_version"]) };
  } finally {
    database.close();
  }
}
