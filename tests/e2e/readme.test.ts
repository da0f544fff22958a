import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { repository } from "../architecture/read-sources.ts";
import { omniforge, program, typed } from "./program.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** Inside the repository, so that a program in it finds the packages like a program of its own. */
let folder: string;

beforeAll(async () => {
  await mkdir(join(repository, ".cache"), { recursive: true });
  folder = await mkdtemp(join(repository, ".cache/readme-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const page = (path: string): Promise<string> => readFile(join(repository, path), "utf8");

async function blocks(path: string): Promise<string[]> {
  return [...(await page(path)).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = ""]) => text);
}

/** Runs a program in a folder of its own, without a key. */
async function run(
  name: string,
  text: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  await writeFile(join(own, "program.ts"), text);
  await writeFile(join(own, "notes.txt"), `${["TO", "DO"].join("")} one\n`);
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, ["--conditions=omniforge:source", "program.ts"], {
    cwd: own,
    env: { PATH, HOME },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (more: string) => (stdout += more));
  child.stderr.setEncoding("utf8").on("data", (more: string) => (stderr += more));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

describe("the README's program", () => {
  it("runs as it is printed, and answers", async () => {
    const [printed = ""] = await blocks("README.md");
    const { code, stdout, stderr } = await run("program", printed);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("notes.txt");
  });

  it("has a tool that is one, in front of a bank", async () => {
    const [, tool = ""] = await blocks("README.md");
    const before = `import { defineTool } from "omniforge";
import { z } from "zod";
const bank = { transfer: async (to: string, amount: number, given: object) => [to, amount, Object.keys(given)] };
`;
    const after = `const world = { idempotencyKey: "k", signal: new AbortController().signal };
console.log(await transfer.execute({ to: "a", amount: 1 }, world as never));
await transfer.execute({ to: "a", amount: -1 }, world as never).catch(() => console.log("refused"));
`;
    const { stdout, stderr } = await run("tool", before + tool + after);
    expect(stderr).toBe("");
    expect(stdout).toContain("'idempotencyKey', 'signal'");
    expect(stdout).toContain("refused");
  });

  it("has a config file that the command line takes", async () => {
    const [config = ""] = await blocks("docs/command-line.md");
    const own = join(folder, "config");
    await mkdir(own);
    await writeFile(join(own, "omniforge.config.ts"), config);
    const { code, stdout, stderr } = await program("main", ["agents"], { folder: own }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^reader /m);
  });
});

describe.each(["README.md", "docs/command-line.md"])("the command table of %s", (path) => {
  it("names every command that --help does, and no other", async () => {
    const { stdout } = await omniforge("--help");
    const [, list = ""] = /^Commands:\n(.*?)\n\n/ms.exec(stdout) ?? [];
    const known = [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = ""]) => name);
    const printed = new Set([...(await commandRows(path)).keys()].map((name) => name.replace(/ .*/, "")));
    expect([...printed].toSorted()).toEqual(known.filter((name) => name !== "help").toSorted());
  });

  it("names no option that the command does not have", async () => {
    for (const [name, row] of await commandRows(path)) {
      const { stdout } = await omniforge(...name.split(" "), "--help");
      for (const [option] of row.matchAll(/--[a-z-]+/g))
        expect(`${name}: ${stdout}`).toContain(`  ${option}`);
    }
  });
});

/** Each command of the table, with its row. */
async function commandRows(path: string): Promise<Map<string, string>> {
  const [, table = ""] = /^\| Command \|.*?\n\|---\|---\|\n(.*?)\n\n/ms.exec(await page(path)) ?? [];
  const rows = new Map<string, string>();
  for (const row of table.split("\n")) {
    const [, first = ""] = /^\| (.*?) \|/.exec(row) ?? [];
    for (const [, name = ""] of first.matchAll(/`([a-z]+(?: [a-z]+)?)/g)) rows.set(name, row);
  }
  return rows;
}

describe("the README's service", () => {
  it("answers the lines that are printed, as they are printed", async () => {
    const [lines = ""] = [...(await page("README.md")).matchAll(/^```sh\n(curl .*?)^```$/gms)].map(
      ([, text = ""]) => text,
    );
    const commands = lines.trim().split("\n");
    expect(commands.length).toBeGreaterThan(3);
    const own = join(folder, "service");
    await mkdir(own, { recursive: true });
    await writeFile(join(own, "notes.txt"), `${["TO", "DO"].join("")} one\n`);
    // Another server may have the port that is printed: only the number differs.
    const serving = program("main", ["serve", "--port", "0"], { folder: own });
    let said = "";
    serving.child.stdout?.on("data", (text: string) => (said += text));
    await serving.says("listens on http://127.0.0.1:");
    const url = /http:\S+/.exec(said)?.[0] ?? "";
    for (const command of commands) {
      const asked = command.replace("http://127.0.0.1:4000", url).replace(/^curl/, "curl -sS --fail");
      const { code, stdout, stderr } = await typed(asked);
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
      expect(stdout).toContain(command.includes("event-stream") ? '"kind":"ended"' : "");
      expect(stdout).not.toBe("");
    }
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toMatchObject({ code: 0, stderr: "" });
  });
});
