/**
 * What a worker is called where nobody has named it: in histories, and in the server's list of those that poll a queue.
 *
 * Invariants: two containers differ, though each of them runs its process 1; and it is short, because it stands in several
 * events of every turn.
 */
import { hostname } from "node:os";

/** Of the host's own name, without its domain: the end is where the hosts of one kind differ. */
const longestHost = 6;

/** The name of the worker in this process, or in another one: `of-<host>-<process>`. */
export function identityOf(host = hostname(), pid = process.pid): string {
  const [own = ""] = host.split(".", 1);
  return `of-${own.slice(-longestHost).replace(/^-+/, "")}-${pid}`;
}
