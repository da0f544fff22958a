import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, type OmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redactForge } from "../../packages/omniforge/src/redaction/redact-forge.ts";

const folder = mkdtempSync(join(tmpdir(), "omniforge-redact-"));
const secret = "sk-planted-0123456789abcdef";
const agent = defineAgent({ name: "echo", instructions: "Echo.", model: "scripted:test" });
let forge: OmniForge;
let view: OmniForge;

beforeAll(async () => {
  forge = await createOmniForge({
    dataDirectory: folder,
    agents: [agent],
    models: { "scripted:test": scriptedModel(({ said }) => ({ text: `I heard ${said[0] ?? ""}` })) },
    model: "scripted:test",
  });
  view = redactForge(forge, forge.redactor);
});
afterAll(async () => {
  await forge.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What shows nothing that was said, or is no way to read: each was looked at before it came to stand here. */
const showsNothing = [
  "tenant",
  "world",
  "watch",
  "events",
  "tools",
  "models",
  "agents",
  "model",
  "backend",
  "keys",
  "redactor",
  "say",
  "cancel",
  "erase",
  "sweep",
  "backup",
  "close",
];
const masked = ["forTenant", "run", "submit", "get", "list", "each", "log", "follow", "accept", "respond"];

describe("an OmniForge as others see it", () => {
  it("is masked in every way of reading that there is: a new one must be looked at", () => {
    expect(Object.keys(forge).filter((name) => ![...showsNothing, ...masked].includes(name))).toEqual([]);
  });

  it("masks what it was told, wherever it is read, and leaves it in the log", async () => {
    const { task, text } = await view.run(agent, `keep ${secret}`);
    const read: unknown[] = [text, await view.get(task), await view.list(), await view.log(task)];
    for await (const one of view.each()) read.push(one);
    for await (const event of view.follow(task)) read.push(event);
    read.push(await view.forTenant("default").get(task));
    expect(JSON.stringify(read)).not.toContain(secret);
    expect(JSON.stringify(read)).toContain("[redacted]");
    expect(JSON.stringify(await forge.log(task))).toContain(secret);
  });
});
