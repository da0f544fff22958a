/** What there is at an address, looked at without opening it for work: nothing is created, migrated or locked. */
import { readAddress } from "./address.ts";
import { sessionOf } from "./connections.ts";
import { refusal, toLost, unreachable } from "./failures.ts";
import { loadDriver } from "./load-driver.ts";
import { knownSchema, schemaOf } from "./migrate.ts";

export interface Inspected {
  /** The address, without its password. */
  readonly shown: string;
  /** The server's version. */
  readonly server: string;
  /** 0: nothing of ours is there yet. */
  readonly found: number;
  /** The newest that this release knows. */
  readonly known: number;
}

const patienceMs = 3_000;

/** Throws INVALID_INPUT, STORE_PACKAGE_MISSING, STORE_UNREACHABLE, or STORE_FAILED for what the server refuses. */
export async function inspectPostgres(address: string): Promise<Inspected> {
  const place = readAddress(address);
  const driver = await loadDriver();
  const session = sessionOf(driver, place, "power");
  const client = new driver.Client({ ...session, connectionTimeoutMillis: patienceMs });
  // A connection that breaks while it is made is told by what waits for it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    const found = await schemaOf(client, place.schema);
    return { shown: place.shown, server: rows[0]?.version ?? "", found, known: knownSchema };
  } catch (thrown) {
    throw toLost(thrown) === undefined ? refusal(thrown) : unreachable(place.shown, thrown);
  } finally {
    await client.end().catch(() => undefined);
  }
}
