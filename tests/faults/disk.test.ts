/** A data directory that can't be written, and a disk that refuses a write now and then. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createOmniForge } from "omniforge";
import { describe, expect, it } from "vitest";
import { inFolder } from "./beside.ts";
import { skippedWithout } from "./needs.ts";
import { runOnce } from "./run-program.ts";

const bwrap = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];
const unbound = skippedWithout(bwrap);
const strace = ["strace", "-f", "-qq", "-o", "/dev/null"];
const untraced = skippedWithout(strace);

async function innocents(folder: string): Promise<readonly string[]> {
  const forge = await createOmniForge({ dataDirectory: folder, work: false });
  const found = await forge.list({ agent: "innocent", limit: 100 });
  await forge.close();
  return found.map(({ state }) => state);
}

describe.skipIf(unbound !== "")(
  `a data directory that can only be read${unbound}`,
  { timeout: 60_000 },
  () => {
    it.each([
      ["that is empty", false],
      ["that has a database", true],
    ])("%s is refused with its path and what to do", (_which, isUsed) =>
      inFolder(async (folder) => {
        const options = { directory: join(folder, "data"), harm: "none", innocents: 1 } as const;
        mkdirSync(options.directory);
        expect(isUsed ? (await runOnce(options)).code : 0).toBe(0);
        const under = [...bwrap, "--ro-bind", options.directory, options.directory];
        const { code, stderr } = await runOnce(options, { under });
        expect(code).toBe(1);
        expect(stderr).toContain("STORE_FAILED");
        expect(stderr).toContain(options.directory);
        expect(stderr).toContain("give this user the right to write");
        expect((await runOnce(options)).code).toBe(0);
      }),
    );
  },
);

describe.skipIf(untraced !== "")(`a disk that refuses a call${untraced}`, { timeout: 120_000 }, () => {
  it.each([
    ["pwrite64", 30],
    ["pwrite64", 90],
    ["fsync", 3],
    ["fdatasync", 6],
  ])("%s, the %i. time, is a clear error at most; nothing is lost, and all complete", (systemCall, when) =>
    inFolder(async (folder) => {
      const options = { directory: folder, harm: "none", innocents: 5 } as const;
      const under = [
        ...strace,
        "-e",
        `trace=${systemCall}`,
        "-e",
        `inject=${systemCall}:error=EIO:when=${when}`,
      ];
      const { code, stderr } = await runOnce(options, { under });
      // The engine tries again; what it can't go on without (opening, submitting) ends it with a code.
      expect(code === 0 ? "STORE_FAILED" : stderr).toMatch(/STORE_(FAILED|CORRUPT)/);
      expect((await runOnce(options)).code).toBe(0);
      expect(await innocents(folder)).toEqual(Array(5).fill("completed"));
      const checked = execFileSync(process.execPath, [
        "-e",
        `const { DatabaseSync } = require("node:sqlite"); console.log(new DatabaseSync(process.argv[1]).prepare("pragma integrity_check").get().integrity_check)`,
        join(folder, "omniforge.db"),
      ]);
      expect(checked.toString().trim()).toBe("ok");
    }),
  );
});
