/** What docs/testing.md shows is run as it is printed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const text = readFileSync(new URL("../../docs/testing.md", import.meta.url), "utf8");
const cache = fileURLToPath(new URL("../../.cache/", import.meta.url));

it("the documented program comes through every kill", { timeout: 300_000 }, async () => {
  mkdirSync(cache, { recursive: true });
  // Beside the repository's packages: the programs import them by name.
  const folder = mkdtempSync(join(cache, "documented-"));
  try {
    const files = [...text.matchAll(/```ts\n\/\/ file: (\S+)\n(.*?)```/gs)];
    expect(files.map(([, name]) => name)).toEqual(["my-agent.ts", "run.ts"]);
    for (const [, name = "", code = ""] of files) writeFileSync(join(folder, name), code);
    const child = spawn(process.execPath, ["--conditions=omniforge:source", join(folder, "run.ts")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    await once(child, "close");
    expect(output).toMatch(/8 of 8 runs, .* 0 broken promises/);
    expect(child.exitCode).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
