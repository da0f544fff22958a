/** What there is at an address, looked at without writing anything. */
import { z } from "zod";
import { readAddress } from "./address.ts";
import { connect, unreachable } from "./connection.ts";
import { findDriver } from "./load-driver.ts";

export interface Inspected {
  /** The address, without its password. */
  readonly shown: string;
  /** The server's version. */
  readonly server: string;
  /** It can't be written to. */
  readonly isReplica: boolean;
}

const greeting = z.object({ version: z.string(), role: z.string() });

/** Throws INVALID_INPUT, EVENTS_PACKAGE_MISSING or EVENTS_UNREACHABLE. */
export async function inspectRedis(address: string): Promise<Inspected> {
  const place = readAddress(address);
  const load = findDriver();
  try {
    const client = await connect(load, place);
    try {
      const { version, role } = greeting.parse(await client.sendCommand(["HELLO", "3"]));
      return { shown: place.shown, server: version, isReplica: role !== "master" };
    } finally {
      client.destroy();
    }
  } catch (thrown) {
    throw unreachable(place.shown, thrown);
  }
}
