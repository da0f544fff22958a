/** Who finds out that a process died, and when. */
import { dirname } from "node:path";
import { createOmniForge, inProcess } from "omniforge";
import { afterAll, expect, it } from "vitest";
import { first } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { folder, start } from "./processes.ts";

const databases = folder();
afterAll(databases.remove);

it("a process beside another finds it dead at its next look, long before its next beat", async () => {
  const path = databases.path("omniforge.db");
  const victim = start("own", path, "victim");
  await victim.saidAtLeast(1);
  // Between the first beat and the second lies more than this test.
  const backend = inProcess({ pollMs: 10, beatMs: 3_600_000, leaseMs: 36_000_000 });
  const forge = await createOmniForge({ dataDirectory: dirname(path), backend });
  const kinds = async (): Promise<string[]> =>
    (await forge.forTenant(first.tenant).log(first.task)).map(({ kind }) => kind);
  expect(await kinds()).not.toContain("recovery");
  victim.process.kill("SIGKILL");
  await victim.ended;
  await expect.poll(kinds, { timeout: 30_000 }).toContain("recovery");
  await forge.close();
}, 60_000);
