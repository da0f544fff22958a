import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { repository } from "../architecture/read-sources.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "omniforge-example-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example as it stands, in an empty folder and without a key. */
function example(name: string, ...words: readonly string[]): Promise<Ended> {
  const { PATH = "", HOME = "" } = process.env;
  const file = join(repository, "examples", name);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=omniforge:source", file, ...words], {
      cwd: folder,
      env: { PATH, HOME },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const outputs: Readonly<Record<string, string>> = {
  "01-hello.ts": "These match **/*.md:\n\nREADME.md\n",
  "02-own-tools.ts": `- {"city":"Bern","degrees":11}
- {"city":"Oslo","degrees":4}
- nothing is known of Atlantis
`,
  "03-a-tool-that-must-not-run-twice.ts": "pay: result\npayments: result\nInvoice 17 was paid 1 time(s).\n",
  "04-approvals.ts": `input-required: order {"item":"desk","price":300}
1/tool/1: reject
1/tool/2: approve
completed:
ordered pencil for 2
a person refused this call: not this year
ordered used desk for 90
`,
  "05-sub-agents.ts": `critic: "Call me Ishmael." is too short.
fan: "Call me Ishmael." wastes no word.
`,
  "06-structured-output.ts": "Invoice 17: 120, due 2027-03-01, after 2 turns\n",
};

describe("each example", () => {
  it("is run here", async () => {
    const files = await readdir(join(repository, "examples"));
    expect(files.filter((name) => /^\d\d-/.test(name)).toSorted()).toEqual(Object.keys(outputs));
  });

  it.each(Object.entries(outputs))(
    "%s runs as it stands, and says what it is to say",
    async (name, output) => {
      await writeFile(join(folder, "README.md"), "Hello.\n");
      const { code, stdout, stderr } = await example(name);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(output);
    },
  );
});

describe("the payment's example", () => {
  it("pays once, though it is killed between paying and writing that down", async () => {
    const name = "03-a-tool-that-must-not-run-twice.ts";
    const killed = await example(name, "--crash");
    expect(killed).toMatchObject({ signal: "SIGKILL", stdout: "" });
    const { code, stdout } = await example(name);
    expect(code).toBe(0);
    expect(stdout).toBe(
      "killed during 1/tool/0\npay: unknown\npayments: result\nInvoice 17 was paid 1 time(s).\n",
    );
    expect(await readFile(join(folder, "payments.txt"), "utf8")).toMatch(/^17 120 \S+\n$/);
  });
});

describe("the example of own tools", () => {
  it("has a result for each call, in whatever order they ended", async () => {
    const { stdout } = await example("02-own-tools.ts");
    for (const line of ["0: result", "1: result", "2: error"])
      expect(stdout).toContain(`weather 1/tool/${line}\n`);
  });
});

describe("the sub-agents' example", () => {
  it("has a task for each of them", async () => {
    const { stdout } = await example("05-sub-agents.ts");
    expect(stdout).toContain("critic, depth 1: completed after 1 turn\n");
    expect(stdout).toContain("fan, depth 1: completed after 1 turn\n");
  });
});
