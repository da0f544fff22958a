/**
 * What a caller of the service may do, by role. Each role may do what the ones before it may; each route's least role
 * stands in the server's route table.
 */

/**
 * From the least to the most. `viewer` reads. `operator` also talks with tasks: answers what they ask, says something,
 * cancels. `developer` also creates tasks. `admin` also erases them, and the server's own admins read what it counts.
 */
export const roles = ["viewer", "operator", "developer", "admin"] as const;
export type Role = (typeof roles)[number];

/** Whether a role may do what this least role is needed for. */
export function mayActAs(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}
