/**
 * What every `TaskStore` must do, as claims that any test framework can run. Point it at your own store:
 *
 * @example
 * testStore("my store", () => myStore(emptyDatabase()), { describe, it });
 */
import type { TaskStore } from "../store/task-store.ts";
import { commitClaims } from "./store-contract/commit-claims.ts";
import { concurrencyClaims } from "./store-contract/concurrency-claims.ts";
import { createClaims } from "./store-contract/create-claims.ts";
import { eraseClaims } from "./store-contract/erase-claims.ts";
import { homeClaims } from "./store-contract/home-claims.ts";
import { lateClaims } from "./store-contract/late-claims.ts";
import { leaseClaims } from "./store-contract/lease-claims.ts";
import { readClaims } from "./store-contract/read-claims.ts";
import { scheduleClaims } from "./store-contract/schedule-claims.ts";
import { tenantClaims } from "./store-contract/tenant-claims.ts";
import { valueClaims } from "./store-contract/value-claims.ts";
import type { Claim } from "./store-contract/claim.ts";

/** The two functions of a test framework that are needed. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

const groups: Readonly<Record<string, (claim: Claim) => void>> = {
  "creating a task": createClaims,
  committing: commitClaims,
  "committing at once": concurrencyClaims,
  "late entries": lateClaims,
  reading: readClaims,
  values: valueClaims,
  tenants: tenantClaims,
  erasing: eraseClaims,
  leases: leaseClaims,
  scheduling: scheduleClaims,
  "where an engine keeps them": homeClaims,
};

/** Runs every claim, each against a fresh and empty store from `create`, which is closed afterwards. */
export function testStore(
  name: string,
  create: () => TaskStore | Promise<TaskStore>,
  { describe, it }: TestFramework,
): void {
  const claim: Claim = (says, holds) =>
    it(says, async () => {
      const store = await create();
      try {
        await holds(store);
      } finally {
        await store.close();
      }
    });
  describe(name, () => {
    for (const [group, claims] of Object.entries(groups)) describe(group, () => claims(claim));
  });
}
