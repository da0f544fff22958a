/** SQLite's own verdict on a database file that nobody writes to. */
import { DatabaseSync } from "node:sqlite";

/** `ok`, or what is damaged. */
export function checkIntegrity(path: string): string {
  const database = new DatabaseSync(path);
  try {
    const rows = database.prepare("pragma integrity_check").all();
    return rows.map((row) => String(row["integrity_check"])).join("; ");
  } finally {
    database.close();
  }
}
