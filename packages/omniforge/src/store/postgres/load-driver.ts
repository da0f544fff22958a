/** The optional package `pg`, loaded when a database is named and not before. */
import type { Client, Pool, types } from "pg";
import { OmniForgeError } from "../../protocol/error.ts";

/** What is used of the package. */
export interface Driver {
  readonly Client: typeof Client;
  readonly Pool: typeof Pool;
  readonly types: typeof types;
}

/** Throws STORE_PACKAGE_MISSING, which names the command that installs it. */
export async function loadDriver(
  load: () => Promise<{ readonly default: Driver }> = () => import("pg"),
): Promise<Driver> {
  try {
    return (await load()).default;
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new OmniForgeError(
      "STORE_PACKAGE_MISSING",
      "a PostgreSQL database needs the package pg: npm install pg",
      { cause },
    );
  }
}
