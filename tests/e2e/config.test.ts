import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { omniforge, place, program, type Ended, type Place } from "./program.ts";

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

const typed = (words: readonly string[], folder = here.workspace, environment = {}): Promise<Ended> =>
  program("main", words, { folder, environment }).ended;

const configure = (text: string, name = "omniforge.config.ts"): Promise<void> =>
  writeFile(here.path(name), text);

describe("omniforge.config.ts", () => {
  it("is found from the folders below, and says what tasks run on and where they are kept", async () => {
    await configure(`
import { defineAgent, defineConfig, fileTools, type Agent } from "omniforge";
const agent: Agent = defineAgent({ name: "mine", instructions: "x", tools: fileTools });
export default defineConfig({ agents: [agent], dataDirectory: "kept", workspace: "src" });
`);
    const { code, stdout, stderr } = await typed(["run", "list"], here.path("src"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("few.ts\nmany.ts\n");
    expect(await readFile(here.path("kept/omniforge.db"))).toBeDefined();
    const { stdout: tasks } = await typed(["tasks"], here.path("src"));
    expect(tasks).toMatch(/completed +mine/);
  });

  it("gives bash its rules", async () => {
    await configure(`
import { bashTool, defineAgent, defineConfig } from "omniforge";
import { scriptedModel } from "omniforge/testing";
const run = (command: string) => ({ calls: [{ name: "bash", arguments: { command } }] });
const replies = [run("echo allowed"), run("rm -rf src"), run("echo 'a question' > x")];
export default defineConfig({
  agents: [defineAgent({ name: "shell", instructions: "", tools: [bashTool] })],
  models: { "my:model": scriptedModel(({ turn }) => replies[turn - 1] ?? { text: "done" }) },
  model: "my:model",
  rules: { allow: ["echo *"], deny: ["rm *"] },
});
`);
    const { stdout } = await typed(["run", "go", ...here.data]);
    expect(stdout).toContain("✓ bash");
    expect(stdout).toContain("✗ bash");
    expect(stdout).toContain("may I run bash with exactly this?");
    expect(stdout.split("may I run")).toHaveLength(2);
  });

  it.each([
    ["agents: [{}]", "omniforge.config.ts:4: agents[0]: is no agent; defineAgent makes one"],
    ["modle: 'a:b'", "omniforge.config.ts:4: modle: is not known"],
    ["model: 'gpt'", "omniforge.config.ts:4: model: is no reference to a model"],
    ["rules: {\n    allow: ['ls; rm'] }", "omniforge.config.ts:4: rules: the rule"],
    ["modelFacts: {\n  'a:b': { context: -1 } }", "omniforge.config.ts:5: modelFacts.a:b.context: "],
    [
      "agents: [defineAgent({ name: 'not a name', instructions: '' })]",
      "omniforge.config.ts:4: agent not a name",
    ],
    ["temporal: {\n    summarize: 'yes' }", "omniforge.config.ts:5: temporal.summarize: is no function"],
    ["temporal: { worker: { polls: [] } }", "omniforge.config.ts:4: temporal.worker.polls: is not known"],
    ["temporal: { worker: { maximumWorkflowTasks: 1 } }", "temporal.worker.maximumWorkflowTasks: "],
    ["model: = 3", "omniforge.config.ts:4: "],
    ["agents: [nobody]", "omniforge.config.ts:4: nobody is not defined"],
  ])("that says %j is told by file, line and key", async (wrong, told) => {
    await configure(`import { defineAgent, defineConfig } from "omniforge";
void defineAgent;
export default defineConfig({
  ${wrong},
});
`);
    const { code, stdout, stderr } = await typed(["run", "list"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(told);
    expect(stderr).not.toContain("    at ");
  });

  it("may be made asynchronously, and is checked all the same", async () => {
    await configure("export default Promise.resolve({ agentz: [] });\n");
    const { code, stderr } = await typed(["tasks"]);
    expect(code).toBe(2);
    expect(stderr).toContain("agentz: is not known");
  });

  it("without a default export, or with a package that is not there, is told so", async () => {
    await configure("export const config = {};\n");
    expect((await typed(["tasks"])).stderr).toContain("omniforge.config.ts: it has no default export");
    await configure('import "no-such-package";\nexport default {};\n');
    expect((await typed(["tasks"])).stderr).toContain("no-such-package");
  });
});

describe("a real model", () => {
  it("is used where a key is, and named on the first line with how to choose another", async () => {
    const environment = { OPENAI_API_KEY: "secret-key" };
    const { stdout } = await typed(["run", "list", "--no-work", ...here.data], here.workspace, environment);
    expect(stdout).toMatch(
      /^Model: openai:\S+ \(OPENAI_API_KEY is set\)\. Another one: --model provider:model\n/,
    );
    const asked = await typed(
      ["run", "list", "--no-work", "--model", "openai:other", ...here.data],
      here.workspace,
      environment,
    );
    expect(asked.stdout).toMatch(/^Model: openai:other \(you asked for it\)\./);
    expect(stdout + asked.stdout).not.toContain("secret-key");
  });

  it("that is not here is told before anything is created", async () => {
    const { code, stderr } = await typed(["run", "list", "--model", "openai:gpt-5", ...here.data]);
    expect(code).toBe(2);
    expect(stderr).toContain("there is no model openai:gpt-5 here; there is: keyless:demo");
    expect((await omniforge("tasks", ...here.data)).stdout).toContain("There are no tasks here yet.");
  });

  it("is not called by npm start, whatever keys there are", async () => {
    const { stdout } = await program("start", [here.workspace, ...here.data], {
      environment: { OPENAI_API_KEY: "x" },
    }).ended;
    expect(stdout).toContain("with its keyless model");
    expect(stdout).toContain("may I run write");
  });
});

describe("omniforge init", () => {
  it("writes what runs at once, without a key and before anything is installed", async () => {
    const empty = here.path("empty");
    await mkdir(empty);
    const made = await typed(["init"], empty);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(await readFile(`${empty}/package.json`, "utf8"))).toMatchObject({
      name: "empty",
      type: "module",
      dependencies: { omniforge: "^0.1.0" },
    });
    const { code, stdout, stderr } = await typed(["run", "list the files"], empty);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("omniforge.config.ts");
    expect((await typed(["agents"], empty)).stdout).toMatch(/^AGENT.*\nclerk .*\nassistant /);
    expect((await typed(["tools"], empty)).stdout).toMatch(/^roll_dice +none +never +clerk /m);
    const again = await typed(["init"], empty);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("omniforge.config.ts is here already");
  });

  it("leaves a package.json alone, and writes a file that it can load", async () => {
    const manifest = '{ "name": "old", "type": "commonjs" }';
    await configure(manifest, "package.json");
    expect((await typed(["init"])).stdout).toContain("Wrote omniforge.config.mts. Try");
    expect(await readFile(here.path("package.json"), "utf8")).toBe(manifest);
    const { code, stderr } = await typed(["agents"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("omniforge doctor", () => {
  it("says what was found and why, and creates nothing", async () => {
    const { code, stdout } = await typed(["doctor"], here.workspace, { ANTHROPIC_API_KEY: "secret-key" });
    expect(code).toBe(0);
    expect(stdout).toContain("✓ model      ANTHROPIC_API_KEY: ANTHROPIC_API_KEY is set");
    expect(stdout).toMatch(/– model {6}OPENAI_API_KEY: it is not set/);
    expect(stdout).toMatch(/– data .*: nothing yet/);
    expect(stdout).toMatch(/[✓–] shell {6}\S/);
    expect(stdout).toContain(`✓ node       ${process.versions.node}`);
    expect(stdout).not.toContain("secret-key");
    await typed(["run", "list"]);
    expect((await typed(["doctor"])).stdout).toMatch(/✓ data .*: schema \d+\n/);
  });

  it("fails where something must be mended", async () => {
    await configure("export default { modle: 1 };\n");
    const { code, stdout } = await typed(["doctor"]);
    expect(code).toBe(1);
    expect(stdout).toContain("✗ config     the configuration is wrong");
    expect(stdout).toContain("modle: is not known");
  });
});

describe("omniforge completion", () => {
  it.each(["bash", "zsh", "fish"])("knows every command, in a script that %s takes", async (shell) => {
    const { code, stdout } = await omniforge("completion", shell);
    expect(code).toBe(0);
    for (const command of ["run", "chat", "doctor"]) expect(stdout).toContain(command);
    // As a file: fish reads no script from a socket.
    const script = here.path("completion");
    await writeFile(script, stdout);
    const checked = spawnSync(shell, ["-n", script], { encoding: "utf8" });
    // A shell that is not here says nothing against the script.
    expect(checked.error === undefined ? checked.stderr : "").toBe("");
  });

  it("completes in bash", async () => {
    const { stdout } = await omniforge("completion", "bash");
    const script = `${stdout}\nCOMP_WORDS=(omniforge cha); COMP_CWORD=1; _omniforge; echo "\${COMPREPLY[@]}"
COMP_WORDS=(omniforge run --mo); COMP_CWORD=2; _omniforge; echo "\${COMPREPLY[@]}"
COMP_WORDS=(omniforge keys create --ten); COMP_CWORD=3; _omniforge; echo "\${COMPREPLY[@]}"`;
    expect(spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout).toBe("chat\n--model\n--tenant\n");
  });
});
