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

it("takes what is said where the engine is another one, and says so", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  const elsewhere = (): Promise<never> =>
    Promise.reject(new OmniForgeError("ENGINE_ELSEWHERE", "the tasks are elsewhere."));
  const forge = await createOmniForge({
    dataDirectory: join(folder, "elsewhere"),
    backend: async (world, options) => ({ ...(await backend(world, options)), start: elsewhere }),
  });
  expect(await forge.submit(agent, "Hello")).toMatchObject({ state: "submitted" });
  await forge.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warnings).toEqual([
    "the tasks are elsewhere. What was said is recorded, and goes on when the engine is back.",
  ]);
});

it("is told of what was said, and waited for no longer than a person waits", async () => {
  const silent = (): Promise<void> => new Promise((_, reject) => failures.push(reject));
  const failures: ((reason: unknown) => void)[] = [];
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  const forge = await createOmniForge({
    dataDirectory: join(folder, "silent"),
    backend: async (world, options) => ({
      ...(await backend(world, options)),
      start: silent,
      wake: silent,
      cancel: silent,
    }),
  });
  const { task } = await forge.submit(agent, "Hello");
  await Promise.all([forge.say(task, "Are you there?"), forge.cancel(task)]);
  expect(failures).toHaveLength(3);
  const [first, ...others] = failures;
  first?.(new Error("wrong credentials"));
  for (const fail of others) fail(new OmniForgeError("ENGINE_UNREACHABLE", "no engine answers."));
  await forge.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  const late =
    "The engine has not answered within 2 s. What was said is recorded, and goes on when the engine is back.";
  const told = "no engine answers. What was said is recorded, and goes on when the engine is back.";
  expect(warnings).toEqual([late, late, late, "wrong credentials", told, told]);
});
