/**
 * The search attributes that a server must know before a workflow may use them.
 *
 * Invariant: a server that does not know them runs every task all the same; it only can't be searched by them.
 */
import type { ConnectionLike } from "@temporalio/client";
import type { Place } from "./options.ts";
import { codeOf, reach } from "./reach.ts";
import { attributes } from "./sandbox/labels.ts";

type Server = Pick<ConnectionLike, "operatorService" | "withDeadline">;

/** As the API numbers it. */
const keyword = 2;
const invalidArgument = 3;
const lookAgainMs = 60_000;
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

/** Makes the server know all of them; returns those that it did not know. May be repeated. */
export async function registerAttributes(place: Place, server: Server): Promise<string[]> {
  const missing = await missingAttributes(place, server);
  const { namespace } = place;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
  if (missing.length > 0)
    await reach(place, () => server.operatorService.addSearchAttributes({ namespace, searchAttributes }));
  return missing;
}

export interface Labelling {
  /** Whether a workflow may be started with them. */
  readonly isOn: () => Promise<boolean>;
  /** The server refused them all the same; for a while nothing is started with them. */
  readonly off: () => void;
}

/** Asks the server, and again every minute while they are missing. Says once that they are. */
export async function createLabelling(place: Place, server: Server): Promise<Labelling> {
  let on = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let said = false;

  async function look(): Promise<void> {
    lookedAt = performance.now();
    try {
      const missing = await missingAttributes(place, server);
      on = missing.length === 0;
      if (on || said) return;
      said = true;
      place.onNotice(
        `the Temporal server does not know ${missing.join(", ")}: tasks run, and can't be searched by them. ` +
          "omniforge temporal setup registers them.",
      );
    } catch {
      // Whoever may not look starts workflows all the same, unlabelled.
      on = false;
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
    },
  };
}

/** Whether a start was refused because of them: what is registered is not known everywhere in a server at once. */
export function isUnknownAttribute(thrown: unknown): boolean {
  if (codeOf(thrown) !== invalidArgument || !(thrown instanceof Error)) return false;
  return /search ?attribute/i.test(`${thrown.message} ${String(thrown.cause)}`);
}
