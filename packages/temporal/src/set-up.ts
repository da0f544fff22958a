/** What is done to a server once, and what a person may want to know of it. */
import { Connection } from "@temporalio/client";
import { connectClient } from "./client.ts";
import { placeOf, type Place, type TemporalOptions } from "./options.ts";
import { connected } from "./reach.ts";
import { isNotPermitted, missingAttributes, registerAttributes } from "./search-attributes.ts";

export interface Inspection extends Pick<Place, "address" | "namespace" | "taskQueue"> {
  /** Whether a worker takes tasks. */
  readonly isAnyoneWorking: boolean;
  /** Search attributes that the server does not know; undefined where this process may not see which it knows. */
  readonly missing?: readonly string[];
}

/**
 * Registers the search attributes of tasks in the namespace; returns the names of those that were not there. May be repeated.
 *
 * Throws ENGINE_UNREACHABLE when no server answers, and FORBIDDEN, with what to register by hand, where this process may not.
 */
export async function setUp(options: TemporalOptions = {}): Promise<readonly string[]> {
  return withServer(options, registerAttributes);
}

/** Looks at a server and changes nothing. Throws ENGINE_UNREACHABLE when none answers. */
export async function inspect(options: TemporalOptions = {}): Promise<Inspection> {
  const missing = await withServer(options, missingAttributes).catch((thrown: unknown) => {
    if (!isNotPermitted(thrown)) throw thrown;
  });
  const place = placeOf(options);
  const client = await connectClient(place);
  try {
    const { address, namespace, taskQueue } = place;
    const isAnyoneWorking = await client.isAnyoneWorking();
    return { address, namespace, taskQueue, isAnyoneWorking, ...(missing && { missing }) };
  } finally {
    await client.close();
  }
}

async function withServer<Value>(
  options: TemporalOptions,
  perform: (place: Place, connection: Connection) => Promise<Value>,
): Promise<Value> {
  const place = placeOf(options);
  const connection = await connected(place, (connectTimeout) =>
    Connection.connect({ ...place.connection, connectTimeout }),
  );
  try {
    return await perform(place, connection);
  } finally {
    await connection.close();
  }
}
