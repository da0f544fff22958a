import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defineAgent } from "../../../agents/define-agent.ts";
import { createOmniForge } from "../../../create-omniforge.ts";
import { scriptedModel } from "../../../testing/scripted-model.ts";
import { createShellTool } from "./index.ts";

it("in a task, runs what is allowed at once, asks about the rest, and keeps long output whole in a blob", async () => {
  const folder = await mkdtemp(join(tmpdir(), "omniforge-shell-task-"));
  const commands = ["seq 1 20000", "rm x", "echo a; echo b"];
  const model = scriptedModel(({ turn }) =>
    turn <= commands.length
      ? { calls: [{ name: "bash", arguments: { command: commands[turn - 1] ?? "" } }] }
      : { text: "done" },
  );
  const forge = await createOmniForge({
    dataDirectory: join(folder, "data"),
    models: { "scripted:test": model },
    workspace: folder,
  });
  const tools = [createShellTool({ rules: { allow: ["seq *"], deny: ["rm *"] } })];
  const prompts: string[] = [];
  const { task, state } = await forge.run(
    defineAgent({ name: "a", instructions: "", model: "scripted:test", tools }),
    "go",
    {
      answer: ({ prompt }) => {
        prompts.push(prompt);
        return { decision: "approve" };
      },
    },
  );
  expect(state).toBe("completed");
  expect(prompts).toHaveLength(1);
  expect(prompts[0]).toMatch(
    /^Allow bash\?\n\n\$ echo a; echo b\n\nIt runs [\s\S]*because it has several commands\.$/,
  );
  const results = (await forge.log(task)).flatMap((entry) => (entry.kind === "result" ? [entry.body] : []));
  const [long, refused, approved] = results;
  expect(long?.parts).toMatchObject([{ type: "text" }, { type: "reference", blob: { bytes: 108_894 } }]);
  expect(refused?.error).toMatchObject({ code: "COMMAND_REFUSED" });
  expect(JSON.stringify(approved?.parts)).toContain("a\\nb\\n(exit code 0");
  await forge.close();
  await rm(folder, { recursive: true });
});
