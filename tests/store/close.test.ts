import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { expect, it } from "vitest";

it("closes once, however often it is asked", async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "omniforge-close-"));
  const forge = await createOmniForge({ dataDirectory });
  await expect(Promise.all([forge.close(), forge.close()])).resolves.toEqual([undefined, undefined]);
  await expect(forge.close()).resolves.toBeUndefined();
  rmSync(dataDirectory, { recursive: true, force: true });
});
