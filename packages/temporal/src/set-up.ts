/** What is done to a server once, and what a person may want to know of it. */
import { Connection } from "@temporalio/client";
import { connectClient } from "./client.ts";
import { temporalConfiguration } from "./configuration.ts";
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
  return withServer(placeOf(options), registerAttributes);
}

/** Likewise for a server that was started here: it knows no credentials, and speaks no TLS, whatever the environment has. */
export async function setUpOwn(options: TemporalOptions & { readonly address: string }): Promise<void> {
  const { address } = options;
  await withServer({ ...placeOf(options), connection: { address } }, registerAttributes);
}

/** Where Temporal's environment or profile says that the server is; undefined: nowhere. */
export function configuredAddress(): string | undefined {
  return temporalConfiguration().connectionOptions.address;
}

/** Looks at a server and changes nothing. Throws ENGINE_UNREACHABLE when none answers. */
export async function inspect(options: TemporalOptions = {}): Promise<Inspection> {
  const place = placeOf(options);
  const missing = await withServer(place, missingAttributes).catch((thrown: unknown) => {
    if (!isNotPermitted(thrown)) throw thrown;
  });
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
  place: Place,
  perform: (place: Place, connection: Connection) => Promise<Value>,
): Promise<Value> {
  const connection = await connected(place, (connectTimeout) =>
    Connection.connect({ ...place.connection, connectTimeout }),
  );
  try {
    return await perform(place, connection);
  } finally {
    await connection.close();
  }
}
