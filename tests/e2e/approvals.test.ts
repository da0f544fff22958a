import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { noTerminal, onTerminal, place, program, screen, type Place, type Program } from "./program.ts";

const why = noTerminal();

// Real processes, of which a busy machine starts one in seconds.
vi.setConfig({ testTimeout: 120_000 });

let here: Place;

beforeEach(async () => {
  here = await place();
});
afterEach(() => here.remove());

const run = (text: string, environment: Record<string, string> = {}, more: string[] = []): Program =>
  onTerminal(["run", text, "--workspace", here.workspace, ...here.data, ...more], { environment }, "main");

describe.skipIf(why !== undefined)(
  `an approval on a terminal${why === undefined ? "" : ` (skipped: ${why})`}`,
  () => {
    it("may change the arguments in place, and what the person wrote is done", async () => {
      const running = run("write notes.md: the model");
      await running.says("Approve? ");
      running.child.stdin?.write("e\n");
      await running.says("Arguments: ");
      // Up to the line's beginning, to its end, all of it gone, and another value.
      running.child.stdin?.write("\u0015");
      running.child.stdin?.write(`${JSON.stringify({ path: "notes.md", content: "mine\n" })}\n`);
      const { code } = await running.ended;
      expect(code).toBe(0);
      expect(await readFile(here.path("notes.md"), "utf8")).toBe("mine\n");
    });

    it("may change them in $EDITOR, and says what is wrong with what comes back", async () => {
      const editor = here.path("editor.sh");
      await mkdir(here.workspace, { recursive: true });
      await writeFile(
        editor,
        `#!/bin/sh
if [ -e '${editor}.again' ]; then sed -i 's/the model/the editor/' "$1"; else echo '{' > "$1"; touch '${editor}.again'; fi
`,
      );
      await chmod(editor, 0o755);
      const running = run("write notes.md: the model", { EDITOR: editor });
      await running.says("Approve? ");
      running.child.stdin?.write("e\n");
      await running.says("that is no JSON");
      await running.says("in this task: ");
      await new Promise((resolve) => setTimeout(resolve, 300));
      running.child.stdin?.write("e\n");
      expect((await running.ended).code).toBe(0);
      expect(await readFile(here.path("notes.md"), "utf8")).toBe("the editor\n");
    });

    it("may hold for further calls of the tool in this task, and for no other task", async () => {
      await writeFile(here.path("omniforge.config.mjs"), twoWrites);
      const both = onTerminal(["run", "go", ...here.data], { folder: here.workspace }, "main");
      await both.says("Approve? ");
      both.child.stdin?.write("a\n");
      const { code, stdout } = await both.ended;
      expect(code).toBe(0);
      expect(screen(stdout)).toContain(
        "From now on write is approved in this task without asking, while this command",
      );
      expect(screen(stdout).split("may I run write with exactly this?")).toHaveLength(3);
      expect(screen(stdout).split("Approve? ")).toHaveLength(2);
      expect(await readFile(here.path("two.txt"), "utf8")).toBe("2");
      const next = onTerminal(["run", "go", ...here.data], { folder: here.workspace }, "main");
      await next.says("Approve? ");
      next.child.kill("SIGKILL");
    });

    it("shows tokens, and what they cost where the price is known", async () => {
      await writeFile(here.path("omniforge.config.mjs"), twoWrites);
      const { stdout } = await program("main", ["run", "go", "--yes", ...here.data], {
        folder: here.workspace,
      }).ended;
      expect(stdout).toMatch(/3 turns · 45 tokens · \$0\.00010 · task \w+\n$/);
    });
  },
);

/** An agent whose scripted model writes two files, one after the other. */
const twoWrites = `
import { defineAgent, defineConfig, writeTool } from "omniforge";
import { scriptedModel } from "omniforge/testing";
const write = (path, content) => ({ calls: [{ name: "write", arguments: { path, content } }] });
const replies = [write("one.txt", "1"), write("two.txt", "2"), { text: "Both are written." }];
export default defineConfig({
  agents: [defineAgent({ name: "writer", instructions: "", tools: [writeTool] })],
  models: { "my:model": scriptedModel(({ turn }) => replies[turn - 1] ?? { text: "done" }) },
  model: "my:model",
  modelFacts: { "my:model": { perMillion: { input: 2, output: 3 } } },
});
`;
