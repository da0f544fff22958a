/**
 * The search attributes that a server must know before a workflow may use them.
 *
 * Invariant: a server that does not know them runs every task all the same; it only can't be searched by them, and that is
 * said. Not everybody may see or register them: on Temporal Cloud that takes other rights than running workflows does.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionLike } from "@temporalio/client";
import { OmniForgeError } from "omniforge/protocol";
import type { Place } from "./options.ts";
import { codeOf, permissionDenied, reach, unimplemented } from "./reach.ts";
import { attributes } from "./sandbox/labels.ts";

type Server = Pick<ConnectionLike, "operatorService" | "withDeadline">;

/** As the API numbers it. */
const keyword = 2;
const invalidArgument = 3;
const lookAgainMs = 60_000;
/** A server tells its parts about them by and by; one that takes longer has been told all the same. */
const registrationMs = 15_000;
/** A start waits for the answer. */
const patienceMs = 5_000;

/** Those that the server does not know yet. */
export async function missingAttributes(place: Place, server: Server): Promise<string[]> {
  const { namespace } = place;
  const { customAttributes } = await reach(place, () =>
    server.withDeadline(Date.now() + patienceMs, () =>
      server.operatorService.listSearchAttributes({ namespace }),
    ),
  );
  return Object.values(attributes).filter((name) => customAttributes?.[name] === undefined);
}

/** Makes the server know all of them; returns those that it did not know. May be repeated. Throws FORBIDDEN. */
export async function registerAttributes(place: Place, server: Server): Promise<string[]> {
  const { namespace } = place;
  let missing: string[] = Object.values(attributes);
  try {
    missing = await missingAttributes(place, server);
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
    if (missing.length === 0) return missing;
    await reach(place, () => server.operatorService.addSearchAttributes({ namespace, searchAttributes }));
    await shown(place, server);
    return missing;
  } catch (thrown) {
    throw isNotPermitted(thrown) ? byHand(place, missing, thrown) : thrown;
  }
}

/** Waits until the server says that it knows what it was told: the next process would be told that it does not. */
async function shown(place: Place, server: Server): Promise<void> {
  for (const end = Date.now() + registrationMs; Date.now() < end; await sleep(100))
    if ((await missingAttributes(place, server)).length === 0) return;
}

/** Whether the server does not let this process see or register them, or has nobody do it over this interface. */
export function isNotPermitted(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === permissionDenied || code === unimplemented;
}

function byHand({ address, namespace }: Place, names: readonly string[], cause: unknown): OmniForgeError {
  const answer = codeOf(cause) === unimplemented ? "UNIMPLEMENTED" : "PERMISSION_DENIED";
  const message =
    `the Temporal server at ${address} lets this process register no search attributes in the namespace ${namespace} ` +
    `(${answer}). Register them by hand, each of type Keyword: ${names.join(", ")}.`;
  return new OmniForgeError("FORBIDDEN", message, { cause });
}

export interface Labelling {
  /** Whether a workflow may be started with them. */
  readonly isOn: () => Promise<boolean>;
  /** The server refused them all the same; for a while nothing is started with them. */
  readonly off: () => void;
}

/** Asks the server, and again every minute while they are missing or refused. Says once that they are. */
export async function createLabelling(place: Place, server: Server): Promise<Labelling> {
  let on = false;
  let known = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let said = false;

  function say(what: string): void {
    if (said) return;
    said = true;
    place.onNotice(
      `the Temporal server ${what}: tasks run, and can't be searched by them. omniforge temporal setup registers them.`,
    );
  }

  async function look(): Promise<void> {
    lookedAt = performance.now();
    try {
      const missing = await missingAttributes(place, server);
      on = known = missing.length === 0;
      if (!known) say(`does not know ${missing.join(", ")}`);
    } catch {
      // Whoever may not look finds out by a start: one that is refused because of them is repeated without.
      on = true;
      known = false;
    }
  }

  await look();
  return {
    async isOn() {
      if (!on && performance.now() - lookedAt > lookAgainMs) await look();
      return on;
    },
    off() {
      on = false;
      lookedAt = performance.now();
      // What the server has said that it knows is only not known everywhere in it yet.
      if (!known) say(`refuses ${Object.values(attributes).join(", ")}`);
    },
  };
}

/** Whether a start was refused because of them: what is registered is not known everywhere in a server at once. */
export function isUnknownAttribute(thrown: unknown): boolean {
  if (codeOf(thrown) !== invalidArgument || !(thrown instanceof Error)) return false;
  return /search ?attribute/i.test(`${thrown.message} ${String(thrown.cause)}`);
}
