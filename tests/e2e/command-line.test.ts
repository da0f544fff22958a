import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  omniforge,
  place,
  printedCommands,
  program,
  reportTable,
  request,
  typed,
  type Place,
} from "./program.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

const run = (text: string, ...words: string[]): ReturnType<typeof omniforge> =>
  omniforge("run", text, "--workspace", here.workspace, ...here.data, ...words);

// Everything that a terminal would obey, and not just show.
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const escapes = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

describe("omniforge run", () => {
  it("answers without asking where it is told to approve", async () => {
    const { code, stdout, stderr } = await run(request, "--yes");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("✓ write omniforge-report.md");
    expect(stdout).toContain("✓ completed");
    expect(await readFile(here.path("omniforge-report.md"), "utf8")).toContain(reportTable);
  });

  it("takes the answer to a question, or the number of one, from the command that it printed", async () => {
    const asked = await run("ask me which colour: red, green or blue");
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain("? which colour?");
    expect(asked.stdout).toContain("3. blue");
    const [command = ""] = printedCommands(asked.stdout);
    const refused = await typed(command.replace("--answer red", "--answer mauve"));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("INVALID_INPUT");
    const { code, stdout } = await typed(`${command.replace("--answer red", "--answer 2")} --resume`);
    expect(code).toBe(0);
    expect(stdout).toContain("You answered: green");
  });

  it("says in words, and not by a stack, what is wrong with Temporal's own configuration", async () => {
    const named = here.path("none.toml");
    const { code, stderr } = await program("main", ["run", "list", "--backend", "temporal", ...here.data], {
      environment: { TEMPORAL_CONFIG_FILE: named },
    }).ended;
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([
      `omniforge: TEMPORAL_CONFIG_FILE names ${named}, which is not there. Correct the path, or unset it.`,
      "Correct the named field and send it again. (INVALID_INPUT)",
    ]);
  });

  it("runs the arguments that a person has put in place of the model's", async () => {
    await run("write notes.md: the model's words");
    const edited = JSON.stringify({ path: "notes.md", content: "mine\n" });
    const { code } = await omniforge("respond", "last", "--edit", edited, "--resume", ...here.data);
    expect(code).toBe(0);
    expect(await readFile(here.path("notes.md"), "utf8")).toBe("mine\n");
  });

  it("writes lines of JSON for programs, the last of them the task", async () => {
    const { code, stdout, stderr } = await run(request, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trim().split("\n").map(parse);
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(["entry", "delta", "reset", "task"]));
    const last = lines.at(-1);
    expect(last).toMatchObject({ type: "task", task: { state: "input-required" } });
    expect(last?.waiting).toMatchObject([{ request: { kind: "approval", tool: "write" } }]);
    const [approve = ""] = last?.answers ?? [];
    expect((await typed(`${approve} --resume --json`)).stdout).toContain('"state":"completed"');
  });

  it("writes nothing but JSON where a task is left to others, or none is unfinished", async () => {
    expect((await omniforge("resume", "--json", ...here.data)).stdout).toBe("");
    const { code, stdout } = await run(request, "--no-work", "--json");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").map(parse)).toEqual([
      {
        type: "task",
        task: expect.objectContaining({ state: "submitted" }) as unknown,
        waiting: [],
        goOn: expect.stringContaining(" resume ") as unknown,
      },
    ]);
  });

  it("says plainly that the package of another engine, or its server, is missing", async () => {
    const { code, stdout, stderr } = await program(
      "main",
      ["run", "list", "--backend", "temporal", ...here.data],
      {
        environment: { TEMPORAL_ADDRESS: "127.0.0.1:1" },
      },
    ).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/npm install @omniforge\/temporal|no Temporal server answers at 127\.0\.0\.1:1/);
    expect(stderr.trim().split("\n").length).toBeLessThan(4);
  });
});

describe("what is shown", () => {
  it("has no colour and no escapes in a pipe, with and without NO_COLOR", async () => {
    const words = ["run", request, "--yes", "--workspace", here.workspace, ...here.data];
    for (const environment of [{}, { NO_COLOR: "1" }, { TERM: "xterm-256color" }]) {
      const { stdout } = await program("main", words, { environment }).ended;
      expect(stdout).toContain("✓ completed");
      expect(stdout).not.toMatch(escapes);
    }
  });

  it("shows what files, their names and people say, and obeys none of it", async () => {
    const evil = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp.exe\r";
    await here.remove();
    here = await place({
      "src/red.ts": `// ${request.slice(11, 15)} ${evil}\n`.repeat(3),
      "src/\u001b[31mblue.ts": "",
    });
    const said = await run(request);
    for (const words of [
      ["show", "last"],
      ["show", "last", "--json"],
      ["tasks"],
      ["respond", "last", "--reject", evil, "--resume"],
      ["show", "last"],
    ]) {
      const { stdout, stderr } = await omniforge(...words, ...here.data);
      expect(stdout + stderr).not.toMatch(escapes);
    }
    expect(said.stdout).not.toMatch(escapes);
    expect(said.stdout).toContain(String.raw`\x1b[2J\x9b31m\u202egnp.exe`);
    const typedByAnyone = await run(`search for ${evil}`);
    expect(typedByAnyone.stdout).not.toMatch(escapes);
  });

  it("ends quietly when its reader has seen enough", async () => {
    await run(request);
    const [show = ""] = printedCommands((await omniforge("show", "last", ...here.data)).stdout);
    const quiet = await typed(`${show.replace(/respond (\w+) --approve/, "show $1")} | head -n 1`);
    expect(quiet).toMatchObject({ code: 0, stderr: "" });
    expect(quiet.stdout).toBe(`» ${request}\n`);
    const help = await typed(`${show.replace(/respond .*$/, "--help")} | true`);
    expect(help).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("wrong usage", () => {
  it.each([
    [[], "Usage:"],
    [["walk"], "unknown command 'walk'"],
    [["run"], "missing required argument 'text'"],
    [["run", "x", "--workspace", "/no/such/folder"], "is not a folder"],
    [["run", "x", "--agent", "nobody"], "there is no agent nobody; there is: assistant"],
    [["run", "x", "--backend", "carrier-pigeon"], "Allowed choices are in-process, temporal"],
    [["run", "  "], "the task is empty"],
    [["run", "list", "the", "files"], "too many arguments"],
    [["tasks", "--limit", "none"], "It is a number from 1 to 10000"],
    [["respond", "last"], "say one of --approve"],
    [["respond", "last", "--approve", "--answer", "x"], "say one of --approve"],
    [["respond", "last", "--edit", "{oops"], "--edit takes the arguments as JSON"],
  ])("%j ends with code 2 and says why", async (words, why) => {
    const data = words.length > 1 ? here.data : [];
    const { code, stdout, stderr } = await omniforge(...words, ...data);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("    at ");
  });

  it("is told from a task that is not there", async () => {
    const { code, stderr } = await omniforge("show", "task_0000", ...here.data);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "omniforge: there is no task task_0000 here\nList the tasks to find the right id. (TASK_NOT_FOUND)\n",
    );
  });

  it("of npm start is told in one line and the usage", async () => {
    for (const words of [["--nope"], ["a", "b"], ["--backend", "x"], ["/no/such/folder"]]) {
      const { code, stdout, stderr } = await program("start", words).ended;
      expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: "" });
      expect(stderr.trim().split("\n").length).toBeLessThan(4);
    }
  });
});

describe("--help", () => {
  it("comes before anything heavy is loaded", async () => {
    const { code, stdout, stderr } = await program("main", ["--help"], {
      environment: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(tellsModules)}` },
    }).ended;
    expect(code).toBe(0);
    for (const command of "run chat tasks show watch say respond cancel resume erase agents tools doctor".split(
      " ",
    ))
      expect(stdout).toContain(`\n  ${command} `);
    const loaded = stderr.trim().split("\n");
    expect(loaded.filter((url) => url.includes("/cli/main.ts"))).toHaveLength(1);
    const packages = loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    expect(new Set(packages)).toEqual(new Set(["commander"]));
    const own = loaded.flatMap((url) => /omniforge\/src\/([^/]+)/.exec(url)?.[1] ?? []);
    expect(new Set(own)).toEqual(new Set(["cli", "protocol"]));
    expect(loaded.length).toBeLessThan(30);
  });
});

/** Runs before a program: whatever is loaded from then on is named on its standard error. */
const tellsModules = `
  import { registerHooks } from "node:module";
  registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`;

interface Line {
  readonly type: string;
  readonly waiting?: readonly unknown[];
  readonly answers?: readonly string[];
}

function parse(line: string): Line {
  return JSON.parse(line) as Line;
}
