/**
 * Who calls. Tenant and role come from the credential only, never from the path, a header or a body.
 */
import type { Role } from "../protocol/role.ts";
import type { ServerContext } from "./env.ts";

export interface Caller {
  readonly tenant: string;
  readonly role: Role;
  /** The public id of the key that was used; none where no key is needed. */
  readonly key?: string;
}

/** Finds out who calls. Throws UNAUTHENTICATED. */
export type Authenticate = (context: ServerContext) => Caller | Promise<Caller>;

/** The tenant of whoever runs the server: its admins are the server's, too. */
export const ownTenant = "default";

/** Who calls where no keys are set up: then only this machine is listened to. */
export const everybodyIsAdmin: Authenticate = () => ({ tenant: ownTenant, role: "admin" });
