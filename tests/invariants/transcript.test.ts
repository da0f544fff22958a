/** The transcript: the same after a restart as before it, whatever was compacted. */
import { createTranscripts } from "omniforge/steps";
import { userMessage } from "omniforge/protocol";
import { describe } from "vitest";
import { reading } from "./flaws.ts";
import { invariant } from "./invariant.ts";
import { watched } from "./tools.ts";
import type { Flaw, World } from "./world.ts";

/** Messages are lost by who begins to read at the compaction. */
const shortSighted: Flaw = {
  store: (sound) => ({
    ...sound,
    async read(reference, after, limit) {
      const row = await sound.row(reference);
      return sound.read(reference, Math.max(after, (row?.epochSeq ?? 0) - 1), limit);
    },
  }),
};

/** What a process sees that has just started. */
const afresh = async (world: World, row: { tenant: string; task: string }) =>
  createTranscripts(world.store).load(await world.rowOf(row));

describe("a transcript", () => {
  invariant(
    "is rebuilt after a compaction, with a message that was said before it and taken by nobody",
    { "rebuilding begins at the compaction": shortSighted },
    async ({ open, expect }) => {
      const world = open({
        script: ({ tools, said, results }) =>
          tools.length === 0
            ? { text: "the short of it" }
            : results.length < 1 && said.length < 2
              ? { text: "x".repeat(900), calls: [{ name: "act" }] }
              : { text: "Done." },
        tools: [watched().tool],
        compactAtTokens: 100,
      });
      const row = await world.begin();
      for (const call of await world.calls(row, 1)) await world.tool(row, call);
      // Turn 2 finds the transcript too long, and takes nothing; the message was said before that.
      await world.say(row, { kind: "message", id: "older", message: userMessage("Untaken.") });
      expect((await world.model(row, 2)).kind).toBe("context-full");
      expect(await world.steps.compact(world, world.attempt(row), 2)).toEqual({
        kind: "done",
        value: "compacted",
      });
      const window = await world.transcripts.load(await world.rowOf(row));
      const rebuilt = await afresh(world, row);
      expect(rebuilt.untaken.map(({ body }) => body.id)).toEqual(["older"]);
      expect(rebuilt).toEqual(window);
      expect(rebuilt.items).toHaveLength(1);
      await world.model(row, 3);
      expect((await world.of(row, "reply")).at(-1)?.body.took).toEqual(["older"]);
      expect(await afresh(world, row)).toEqual(await world.transcripts.load(await world.rowOf(row)));
      expect(JSON.stringify((await afresh(world, row)).items)).toContain("Untaken.");
    },
  );

  invariant(
    "grows by what was written to exactly what a restart would read",
    {
      "replies are read differently by those who begin anew": {
        transcripts: (sound) => ({
          ...sound,
          load: async (row) => ({ ...(await sound.load(row)), untaken: [] }),
        }),
      },
    },
    async ({ open, expect }) => {
      const world = open({
        script: ({ turn }) => (turn < 5 ? { calls: [{ name: "act" }, { name: "act" }] } : { text: "Done." }),
        tools: [watched().tool],
      });
      const row = await world.begin();
      for (let turn = 1; turn <= 5; turn++) {
        const reply = await world.model(row, turn);
        if (reply.kind === "calls") for (const call of reply.calls.toReversed()) await world.tool(row, call);
        await world.say(row, { kind: "message", id: `m${turn}`, message: userMessage(`${turn}`) });
        expect(await world.transcripts.load(await world.rowOf(row))).toEqual(await afresh(world, row));
      }
    },
  );

  invariant(
    "begins with the summary once it was compacted, and shows nothing older",
    {
      "summaries are not read": {
        store: reading((one) =>
          one.kind === "compaction" ? { ...one, body: { ...one.body, summary: userMessage("?") } } : one,
        ),
      },
    },
    async ({ open, expect }) => {
      const world = open({
        script: ({ tools }) =>
          tools.length === 0
            ? { text: "the short of it" }
            : { text: "x".repeat(900), calls: [{ name: "act" }] },
        tools: [watched().tool],
        compactAtTokens: 100,
      });
      const row = await world.begin("A long story.");
      await world.model(row, 1);
      await world.model(row, 2);
      await world.steps.compact(world, world.attempt(row), 2);
      const shown = JSON.stringify((await afresh(world, row)).items);
      expect(shown).toContain("the short of it");
      expect(shown).not.toContain("A long story.");
      expect((await world.rowOf(row)).epoch).toBe(1);
    },
  );
});
