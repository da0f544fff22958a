/** One word of configuration, what it says when something is missing, and what Redis never gets to see. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, type LanguageModel } from "omniforge";
import { userMessage } from "omniforge/protocol";
import { memoryStore } from "omniforge/store";
import { scriptedModel } from "omniforge/testing";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { readAddress } from "../../packages/omniforge/src/events/redis/address.ts";
import { findDriver } from "../../packages/omniforge/src/events/redis/load-driver.ts";
import { createRedactor } from "../../packages/omniforge/src/redaction/redactor.ts";
import { create } from "../../packages/omniforge/src/testing/store-contract/claim.ts";
import { repository } from "../architecture/read-sources.ts";
import { attemptOf, openPlace } from "./place.ts";
import { skipped, skippedOwn, startOwn, startRedis, type TestServer } from "./server.ts";

const main = join(repository, "packages/omniforge/src/cli/main.ts");
const patience = { timeout: 20_000 };

describe("without what it needs", () => {
  it("a Redis address says which command installs its package", () => {
    const missing = (): never => {
      throw Object.assign(new Error("gone"), { code: "MODULE_NOT_FOUND" });
    };
    expect(() => findDriver(missing)).toThrow(
      expect.objectContaining({
        code: "EVENTS_PACKAGE_MISSING",
        message: expect.stringContaining("npm install redis") as string,
      }),
    );
  });

  it.each(["http://x", "not an address", "redis:///0", "redis://h/first", "redis://u:%zz@h"])(
    "%s is refused",
    async (redis) => {
      expect(() => readAddress(redis)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
      await expect(createOmniForge({ redis })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    },
  );

  it("what is shown of an address has no password in it", () => {
    expect(readAddress("rediss://me:p%40ssw0rd-1@cache:6380/3").shown).toBe("rediss://me@cache:6380/3");
  });
});

describe.skipIf(skipped !== "")(`an OmniForge with Redis${skipped}`, { timeout: 120_000 }, () => {
  let server: TestServer;
  let directory: string;
  beforeAll(async () => {
    server = await startRedis();
    directory = mkdtempSync(join(tmpdir(), "omniforge-redis-wiring-"));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const omniforge = (
    address: string | undefined,
    ...given: readonly string[]
  ): Promise<{ readonly code: unknown; readonly said: string }> =>
    new Promise((resolve) => {
      const { PATH = "", HOME = "" } = process.env;
      const env = {
        PATH,
        HOME,
        NO_COLOR: "1",
        ...(address !== undefined && { OMNIFORGE_REDIS_URL: address }),
      };
      const words = ["--conditions=omniforge:source", main, ...given];
      execFile(process.execPath, words, { cwd: directory, env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : error.code, said: out + err }),
      );
    });

  it("is found by the commands in the environment, and the doctor says what it is", async () => {
    const looked = await omniforge(server.address, "doctor");
    expect(looked.said).toMatch(/✓ redis .*\(Redis \d+\..*live events between processes/);
    const none = await omniforge(undefined, "doctor");
    expect(none.said).toMatch(/– redis .*OMNIFORGE_REDIS_URL names one/);
    const away = await omniforge("redis://me:sesame-open@127.0.0.1:1", "doctor");
    expect(away.said).toMatch(/✗ redis .*redis:\/\/me@127\.0\.0\.1:1 can't be used/);
    const wrong = await omniforge("redis:nowhere", "doctor");
    expect(wrong.said).toMatch(/✗ redis .*has the form redis:\/\//);
    const ran = await omniforge(server.address, "run", "list the files", "--yes");
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.said).not.toContain("Warning");
    const without = await omniforge("redis://me:sesame-open@127.0.0.1:1", "run", "list the files", "--yes");
    expect(without).toMatchObject({ code: 0 });
    for (const { said } of [away, without]) expect(said).not.toContain("sesame");
  });

  it("lets no secret get to Redis, neither whole nor in pieces, and its followers elsewhere see it masked", async () => {
    const secret = "sk-planted-0123456789abcdef";
    const seen: string[] = [];
    const spy = createClient({ url: server.address });
    spy.on("error", () => undefined);
    await spy.connect();
    await spy.pSubscribe("omniforge:*", (message, channel) => void seen.push(channel, message));
    const shared = {
      dataDirectory: join(directory, "secrets"),
      models: { "slow:one": inPieces(`The key is ${secret}, and this is all of it.`) },
      model: "slow:one",
      redis: server.address,
    };
    const worker = await createOmniForge(shared);
    const elsewhere = await createOmniForge({ ...shared, work: false });
    const { task } = await worker.submit(defineAgent({ name: "one", instructions: "" }), userMessage("go"));
    let said = "";
    for await (const event of elsewhere.follow(task)) {
      if (event.type === "delta") said += event.text;
      if (event.type !== "delta") continue;
      const stream = await server.ask("XRANGE", `omniforge:said:default:${task}:${event.key}`, "-", "+");
      seen.push(JSON.stringify(stream));
    }
    expect(said).toMatch(/^The key is •+, and this is all/);
    expect(seen.join("\n")).toContain("•••");
    for (let at = 0; at + 8 <= secret.length; at++)
      expect(seen.join("\n")).not.toContain(secret.slice(at, at + 8));
    spy.destroy();
    await elsewhere.close();
    await worker.close();
  });

  it("masks what another process, which knows fewer secrets, says", async () => {
    const store = memoryStore();
    const { task } = await create(store, { tenant: "acme", task: `task_${Date.now()}` });
    const redactor = createRedactor({ secrets: ["only-the-server-knows"] });
    await using worker = openPlace(server.address, store, { tenant: "acme" });
    await using listener = openPlace(server.address, store, { tenant: "acme", redactor });
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    for (const event of [
      a.begins(),
      a.says("It is only-the-"),
      a.says("server-knows, "),
      a.says("and that is it"),
    ])
      worker.say(event);
    await expect.poll(() => heard.text, patience).toBe(`It is ${"•".repeat(21)}, and that is it`);
    expect(JSON.stringify(heard.events)).not.toContain("only-the");
  });
});

describe.skipIf(skippedOwn !== "")(`a user of Redis${skippedOwn}`, () => {
  it("needs no more rights than the documentation says", async () => {
    const server = await startOwn();
    onTestFinished(() => server.stop());
    const rights = [
      "+@stream",
      "+@set",
      "+@keyspace",
      "+@connection",
      "+@pubsub",
      "~omniforge:*",
      "&omniforge:*",
    ];
    await server.ask("ACL", "SETUSER", "app", "on", ">pass-word", ...rights);
    const address = server.address.replace("//", "//app:pass-word@");
    const store = memoryStore();
    const { task } = await create(store, { tenant: "acme", task: "task_1" });
    await using worker = openPlace(address, store, { tenant: "acme" });
    await using listener = openPlace(address, store, { tenant: "acme" });
    const heard = listener.follow(task);
    const a = attemptOf(task, 2);
    for (const event of [a.begins(), a.says("Hello")]) worker.say(event);
    await expect.poll(() => heard.text, patience).toBe("Hello");
  });
});

/** A model that says a text a few characters at a time, so slowly that it can be listened to. */
function inPieces(text: string): LanguageModel {
  const whole = scriptedModel(() => ({ text }), "slow:one");
  return {
    ...whole,
    async doStream(options) {
      const { stream } = await whole.doStream(options);
      return {
        stream: stream.pipeThrough(
          new TransformStream({
            async transform(part, controller) {
              if (part.type !== "text-delta") return controller.enqueue(part);
              for (let at = 0; at < text.length; at += 3) {
                controller.enqueue({ ...part, delta: text.slice(at, at + 3) });
                await new Promise((resolve) => setTimeout(resolve, 20));
              }
            },
          }),
        ),
      };
    },
  };
}
