/** One word of configuration puts everything into PostgreSQL. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createOmniForge, defineAgent } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDriver } from "../../packages/omniforge/src/store/postgres/load-driver.ts";
import { readAddress } from "../../packages/omniforge/src/store/postgres/address.ts";
import { patience, skipped, startPostgres, type TestServer } from "./server.ts";

const main = fileURLToPath(new URL("../../packages/omniforge/src/cli/main.ts", import.meta.url));

describe("without what it needs", () => {
  it("a database says which command installs its package", async () => {
    const missing = (): Promise<never> =>
      Promise.reject(Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(loadDriver(missing)).rejects.toMatchObject({
      code: "STORE_PACKAGE_MISSING",
      message: expect.stringContaining("npm install pg") as string,
    });
  });

  it.each(["mysql://x/y", "not an address", "postgres://h/d?schema=Bad%20Name"])("%s is refused", (text) => {
    expect(() => readAddress(text)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });

  it("what is shown of an address has no password in it", () => {
    const { shown } = readAddress("postgres://me:p%40ssw0rd-1@db:5433/agents?password=other-secret");
    expect(shown).toBe("postgres://me@db:5433/agents");
  });
});

describe.skipIf(skipped !== "")(`an OmniForge on PostgreSQL${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let directory: string;
  beforeAll(async () => {
    server = await startPostgres();
    directory = mkdtempSync(join(tmpdir(), "omniforge-wiring-"));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const omniforge = (
    address: string,
    ...given: readonly string[]
  ): Promise<{ readonly code: unknown; readonly said: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, OMNIFORGE_DATABASE_URL: address, NO_COLOR: "1" };
      execFile(
        process.execPath,
        ["--conditions=omniforge:source", main, ...given],
        { cwd: directory, env },
        (error, out, err) => resolve({ code: error === null ? 0 : error.code, said: out + err }),
      );
    });

  it("runs tasks there, keeps nothing of them in its directory, and leaves copying to pg_dump", async () => {
    const database = server.fresh();
    const options = {
      dataDirectory: join(directory, "data"),
      database,
      models: { "scripted:one": scriptedModel(() => ({ text: "done" }), "scripted:one") },
      model: "scripted:one",
    };
    const forge = await createOmniForge(options);
    const { task, text } = await forge.run(defineAgent({ name: "one", instructions: "Answer." }), "go");
    expect(text).toBe("done");
    await expect(forge.backup(join(directory, "copy"))).rejects.toThrow(/pg_dump/);
    await forge.close();
    expect(readdirSync(join(directory, "data"))).toEqual([]);
    const again = await createOmniForge({ ...options, work: false });
    expect(await again.get(task)).toMatchObject({ state: "completed" });
    await again.erase(task);
    await again.close();
  });

  it("the commands take its address from the environment, and show no password", async () => {
    const url = new URL(server.fresh());
    url.password = "sesame-open";
    const address = url.href;
    const looked = await omniforge(address, "doctor");
    expect(looked.said).toMatch(/PostgreSQL \d+.*nothing yet/s);
    const ran = await omniforge(address, "run", "list the files", "--yes");
    expect(ran).toMatchObject({ code: 0 });
    const listed = await omniforge(address, "tasks");
    expect(listed.said).toContain("completed");
    const refused = await omniforge(address, "backup", "copy");
    expect(refused.code).not.toBe(0);
    expect(refused.said).toContain("pg_dump");
    url.port = "1";
    const away = await omniforge(url.href, "doctor");
    expect(away.said).toMatch(/can't be reached/);
    for (const { said } of [looked, ran, listed, refused, away]) expect(said).not.toContain("sesame");
  });
});
