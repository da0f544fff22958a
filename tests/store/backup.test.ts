import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, defineTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "omniforge-backup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const large = defineTool({
  name: "large",
  description: "Returns much",
  parameters: z.object({}),
  effects: "none",
  execute: () => "x".repeat(100_000),
});
const agent = defineAgent({
  name: "busy",
  instructions: "",
  model: "scripted:test",
  tools: [large],
  limits: { turns: 60 },
});
const models = {
  "scripted:test": scriptedModel(({ turn }) =>
    turn < 40 ? { calls: [{ name: "large" }] } : { text: "done" },
  ),
};

it("copies logs and blobs as of one moment while tasks run, and the copy goes on where it was", async () => {
  const forge = await createOmniForge({
    dataDirectory: join(folder, "data"),
    models,
    agents: [agent],
    durability: "process",
  });
  const running = Promise.all(Array.from({ length: 5 }, () => forge.run(agent, "Go")));
  const one = await forge.submit(agent, "Go on");
  while ((await forge.get(one.task)).turn < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  await forge.backup(join(folder, "copy"));
  await expect(forge.backup(join(folder, "copy"))).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await running;
  await forge.close();

  const copy = await createOmniForge({
    dataDirectory: join(folder, "copy"),
    models,
    agents: [agent],
    durability: "process",
  });
  const log = await copy.log(one.task);
  const blobs = log
    .flatMap((entry) => (entry.kind === "result" ? entry.body.parts : []))
    .flatMap((part) => (part.type === "reference" ? [part.blob.hash] : []));
  expect(blobs.length).toBeGreaterThan(0);
  for (const hash of new Set(blobs))
    expect(existsSync(join(folder, "copy", "blobs", "default", one.task, hash))).toBe(true);
  for await (const event of copy.follow(one.task)) expect(event.task).toBe(one.task);
  expect(await copy.get(one.task)).toMatchObject({ state: "completed", turn: 40 });
  await copy.close();
});
