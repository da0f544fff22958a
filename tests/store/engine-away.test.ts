import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, OmniForgeError } from "omniforge";
import type { BackendFactory } from "omniforge/backend";
import { entry } from "omniforge/protocol";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "omniforge-away-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const away = (): Promise<never> =>
  Promise.reject(new OmniForgeError("ENGINE_UNREACHABLE", "no engine answers."));
const backend: BackendFactory = () =>
  Promise.resolve({
    name: "temporal",
    start: away,
    wake: away,
    cancel: away,
    describe: away,
    isAnyoneWorking: away,
    forget: away,
    close: () => Promise.resolve(),
  });
const agent = defineAgent({ name: "patient", instructions: "", model: "keyless:demo" });

it("accepts what is said while the engine is away, and erases, and warns", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  const forge = await createOmniForge({ dataDirectory: folder, backend });
  const { task } = await forge.submit(agent, "Hello");
  await forge.say(task, "Are you there?");
  await forge.cancel(task);
  expect((await forge.log(task)).map(({ kind }) => kind)).toEqual([
    "created",
    "message",
    "message",
    "cancel",
  ]);
  await forge.world.store.commit({
    tenant: forge.tenant,
    task,
    entries: [entry("ended", { state: "canceled", parts: [] })],
    at: Date.now(),
  });
  await forge.erase(task);
  expect(await forge.world.store.executions.toForget("temporal", 10)).toEqual([{ tenant: "default", task }]);
  await forge.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toHaveLength(4);
  expect(warnings[0]).toContain("is recorded");
  expect(warnings[3]).toContain("deletes what it keeps");
});
