import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { obtainBinary } from "./obtain-binary.ts";

describe("the temporal binary", () => {
  let folder: string;
  let server: Server | undefined;
  const asked: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "omniforge-binary-"));
    asked.length = 0;
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string, text: string): string {
    const file = join(folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    return file;
  }

  /** A place of releases: any archive that is asked for holds this binary, and is published with this checksum. */
  async function releases(binary: string, checksum?: string): Promise<string> {
    write("release/temporal", binary);
    execFileSync("tar", ["-czf", "archive.tar.gz", "-C", "release", "temporal"], { cwd: folder });
    const archive = readFileSync(join(folder, "archive.tar.gz"));
    const right = createHash("sha256").update(archive).digest("hex");
    const machines = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"];
    server = createServer(({ url = "" }, response) => {
      asked.push(url);
      const [, version = ""] = /^\/v([^/]+)\//.exec(url) ?? [];
      if (!url.endsWith("/checksums.txt")) return response.end(archive);
      const lines = machines.map((one) => `${checksum ?? right}  temporal_cli_${version}_${one}.tar.gz`);
      return response.end(lines.join("\n"));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server?.once("listening", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const obtain = async (from: string, path = ""): Promise<{ file: string; notices: string[] }> => {
    const notices: string[] = [];
    const environment = { PATH: path, OMNIFORGE_CACHE: join(folder, "cache") };
    const file = await obtainBinary({
      environment,
      releases: from,
      onNotice: (one) => void notices.push(one),
    });
    return { file, notices };
  };
  /** Nobody listens there. */
  const nowhere = "http://127.0.0.1:9";
  const kept = (): string => join(folder, "cache/bin/temporal");

  test("is that of the PATH, else that of the cache", async () => {
    write("cache/bin/temporal", "");
    const found = write("bin/temporal", "");
    expect((await obtain(nowhere, join(folder, "bin"))).file).toBe(found);
    expect((await obtain(nowhere)).file).toBe(kept());
  });

  test("else the official release of the module's version, once", async () => {
    const from = await releases("the release");
    const { file, notices } = await obtain(from);
    expect([file, readFileSync(file, "utf8")]).toEqual([kept(), "the release"]);
    expect(notices[0]).toContain("Downloading temporal 1.8.2");
    expect(asked).toHaveLength(2);
    await obtain(from);
    expect(asked).toHaveLength(2);
  });

  test("is built from its Go module where the release can't be had or is not what was published", async () => {
    write("go/go", '#!/bin/sh\necho "$1 $4 in ${PWD##*/}" > "$3"\n');
    for (const from of [nowhere, await releases("another", "0".repeat(64))]) {
      const { file } = await obtain(from, join(folder, "go"));
      expect(readFileSync(file, "utf8")).toBe(
        "build github.com/temporalio/cli/cmd/temporal in temporal-cli\n",
      );
      rmSync(file);
    }
  });

  test("that can't be had is one error, with all that was tried", async () => {
    await expect(obtain(nowhere, join(folder, "nothing"))).rejects.toThrow(
      /none on the PATH, none at .*; the download of .* failed: .*; Go could not be run .*Install it/,
    );
  });
});
