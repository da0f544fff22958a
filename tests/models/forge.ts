/** An OmniForge in a throw-away folder, with scripted models. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, type OmniForge } from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";

/** Opens one, with a model for each script; closed and deleted afterwards. */
export async function withForge<Value>(
  scripts: Readonly<Record<string, Script>>,
  use: (forge: OmniForge) => Promise<Value>,
): Promise<Value> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "omniforge-models-"));
  const models = Object.fromEntries(
    Object.entries(scripts).map(([name, script]) => [name, scriptedModel(script, name)]),
  );
  const forge = await createOmniForge({ dataDirectory, models, durability: "process" });
  try {
    return await use(forge);
  } finally {
    await forge.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
