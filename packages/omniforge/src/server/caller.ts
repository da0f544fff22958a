/**
 * Who calls. Tenant and role come from the credential only, never from the path, a header or a body.
 */
import type { ServerContext } from "./env.ts";

/** From the least to the most that is allowed; each may do what those before it may. */
export const roles = ["viewer", "operator", "developer", "admin"] as const;

/**
 * `viewer` reads. `operator` also talks with tasks: answers what they ask, says something, cancels. `developer` also creates
 * tasks. `admin` also erases them, and manages keys.
 */
export type Role = (typeof roles)[number];

export interface Caller {
  readonly tenant: string;
  readonly role: Role;
  /** The public id of the key that was used; none where no key is needed. */
  readonly key?: string;
}

/** Finds out who calls. Throws UNAUTHENTICATED. */
export type Authenticate = (context: ServerContext) => Caller | Promise<Caller>;

/** Whether a role may do what needs at least this one. */
export function mayDo(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** Who calls where no keys are set up: then only this machine is listened to. */
export const everybodyIsAdmin: Authenticate = () => ({ tenant: "default", role: "admin" });
