/** `omniforge temporal dev`: a server of one's own, by the binary that is here. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspect } from "../../packages/temporal/src/index.ts";
import { place, program, type Place, type Program } from "../e2e/program.ts";
import { freePort } from "../free-port.ts";
import { patience, skipped } from "./server.ts";

const given = process.env["TEMPORAL_ADDRESS"] === undefined ? "" : " (skipped: a server is given)";

describe.skipIf(skipped + given !== "")(
  `omniforge temporal dev${skipped}${given}`,
  { timeout: patience },
  () => {
    let here: Place;
    const running: Program[] = [];
    beforeEach(async () => {
      here = await place();
    });
    afterEach(async () => {
      for (const one of running.splice(0)) {
        one.child.kill("SIGTERM");
        await one.ended;
      }
      await here.remove();
    });

    const cache = process.env["OMNIFORGE_CACHE"] ?? join(homedir(), ".cache", "omniforge");
    const environment: Record<string, string> = {
      OMNIFORGE_CACHE: cache,
      PATH: [process.env["PATH"], join(cache, "bin")].join(delimiter),
    };
    const dev = (...words: readonly string[]): Program => devWith({}, ...words);
    function devWith(more: Readonly<Record<string, string>>, ...words: readonly string[]): Program {
      const started = program("main", ["temporal", "dev", ...words], {
        folder: here.workspace,
        environment: { ...environment, ...more },
      });
      running.push(started);
      return started;
    }

    /** What Temporal's own tools read. */
    async function profile(...lines: readonly string[]): Promise<Record<string, string>> {
      const file = here.path("temporal.toml");
      await writeFile(file, ["[profile.mine]", ...lines, ""].join("\n"));
      return { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: "mine" };
    }

    test("starts a server that tasks can be searched on, keeps its data, and stops with Ctrl-C", async () => {
      const port = String(await freePort());
      const words = ["--port", port, "--no-page", "--db", here.path("kept.db")];
      const address = `127.0.0.1:${port}`;
      const first = dev(...words);
      await first.says(`Temporal answers at ${address}.`);
      expect(await inspect({ address })).toMatchObject({ missing: [], isAnyoneWorking: false });

      const second = await dev(...words).ended;
      expect(second).toMatchObject({ code: 1 });
      expect(second.stderr).toContain(`something listens at ${address} already`);
      const named = await dev("--address", address).ended;
      expect(named).toMatchObject({ code: 0, stderr: "" });
      expect(named.stdout).toContain("nothing was started");

      first.child.kill("SIGINT");
      expect(await first.ended).toMatchObject({ code: 0 });
      await expect(inspect({ address, connectTimeoutMs: 300 })).rejects.toThrow("no Temporal server answers");
      const again = dev(...words);
      await again.says(`Temporal answers at ${address}.`);
      again.child.kill("SIGTERM");
      await once(again.child, "exit");
    });

    test("stands where the config file says that tasks run, with that namespace", async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const namespace = "of-the-file";
      const temporal = JSON.stringify({ address, namespace });
      await writeFile(here.path("omniforge.config.js"), `export default { temporal: ${temporal} };\n`);
      const words = ["--no-page", "--db", here.path("kept.db")];
      await dev(...words).says(`Temporal answers at ${address}.`);
      expect(await inspect({ address, namespace })).toMatchObject({ missing: [], isAnyoneWorking: false });
    });

    test("stands where a profile says, and is reached past its API key and TLS, which it tells of", async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const mine = await profile(
        `address = "${address}"`,
        'namespace = "of-the-profile"',
        'api_key = "a key"',
        "[profile.mine.tls]",
        'server_name = "elsewhere"',
      );
      const started = devWith(mine, "--no-page", "--db", here.path("kept.db"));
      await started.says(`Temporal answers at ${address}.`);
      const found = await inspect({ address, namespace: "of-the-profile" });
      expect(found).toMatchObject({ missing: [] });
      started.child.kill("SIGTERM");
      expect((await started.ended).stderr).toContain("what reads them does not reach it");
    });

    test("is reached past an API key and TLS of the environment alone", async () => {
      const port = String(await freePort());
      const words = ["--port", port, "--no-page", "--db", here.path("kept.db")];
      await devWith({ TEMPORAL_API_KEY: "a key", TEMPORAL_TLS: "true" }, ...words).says("Temporal answers");
      expect(await inspect({ address: `127.0.0.1:${port}` })).toMatchObject({ missing: [] });
    });

    test("sets up the server of another machine that a profile names, with its TLS, and starts none; unless a port is given", async () => {
      const mine = await profile('address = "elsewhere.invalid:7233"', 'api_key = "a key"');
      const { code, stdout, stderr } = await devWith(mine).ended;
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("no Temporal server answers at elsewhere.invalid:7233");
      const port = String(await freePort());
      const words = ["--port", port, "--no-page", "--db", here.path("kept.db")];
      await devWith(mine, ...words).says(`Temporal answers at 127.0.0.1:${port}.`);
    });
  },
);
