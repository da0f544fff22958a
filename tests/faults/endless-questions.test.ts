/** A tool that asks a person again and again, whatever it is told, comes to an end that can be read. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, defineTool, InputRequired } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "omniforge-endless-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a tool that is content with no answer", () => {
  it.each(["none", "once"] as const)(
    "of the class %s gets an error result after 32 of them",
    async (effects) => {
      const curious = defineTool({
        name: "curious",
        description: "Asks.",
        parameters: z.object({}),
        effects,
        execute: (_parameters, { answers }) => {
          throw new InputRequired(`And what is ${answers.length + 1}?`);
        },
      });
      const forge = await createOmniForge({
        dataDirectory: join(folder, effects),
        durability: "process",
        models: {
          "scripted:test": scriptedModel(({ results }) =>
            results.length === 0 ? { calls: [{ name: "curious" }] } : { text: results[0]?.text ?? "" },
          ),
        },
      });
      const agent = defineAgent({
        name: "asker",
        instructions: "Ask.",
        model: "scripted:test",
        tools: [curious],
      });
      let asked = 0;
      const { task, state, text } = await forge.run(agent, "go", {
        answer: () => ({ decision: "answer", value: `answer ${++asked}` }),
      });
      expect([state, asked]).toEqual(["completed", 32]);
      expect(text).toContain("curious asked for input once more after 32 requests");
      const [result] = (await forge.log(task)).filter((entry) => entry.kind === "result");
      expect(result?.body).toMatchObject({ status: "error", error: { code: "TOOL_FAILED" } });
      await forge.close();
    },
  );
});
