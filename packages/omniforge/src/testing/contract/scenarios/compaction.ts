/** Compaction: a transcript put in short, in the middle of a task. */
import assert from "node:assert/strict";
import { answer, calls } from "../kit.ts";
import type { Kit } from "../kit.ts";
import type { Role, Theme } from "../scenario.ts";
import type { Conversation, ScriptedReply } from "../../scripted-model.ts";

const isSummary = (said: string): boolean => said.startsWith("What happened before");
const inShort = ({ tools }: Conversation): boolean => tools.length === 0;
const full: ScriptedReply = { fail: { status: 400, message: "maximum context length exceeded" } };

/** Reads until its transcript is put in short, then says what it was told since. */
function reader(kit: Kit, summarise: () => ScriptedReply = () => answer("it read a lot")): Role {
  return {
    compactAtTokens: 60,
    tools: [
      kit.tool("read", { effects: "idempotent" }, async () => {
        await kit.wait("reading");
        return "x".repeat(300);
      }),
    ],
    script(conversation) {
      if (inShort(conversation)) return summarise();
      return conversation.said.some(isSummary)
        ? answer(conversation.said.slice(1).join() || "done")
        : calls("read");
    },
  };
}

export const compaction: Theme = {
  name: "compaction",
  scenarios: [
    {
      name: "compacts in the middle of a task and goes on from the summary",
      cast: (kit) => reader(kit),
      async play(stage) {
        stage.gates.open("reading");
        await stage.submit();
        await stage.ends("completed", "done");
        assert.deepEqual(stage.ledger.counts, { read: 1 });
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
    {
      name: "takes a message after the compaction that was said before it",
      cast: (kit) => reader(kit),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("reading");
        await stage.say("and be quick", "m1");
        stage.gates.open("reading");
        await stage.ends("completed", "and be quick");
      },
    },
    {
      name: "compacts when the model says that its context is full",
      cast: (kit) => ({
        tools: [kit.tool("read")],
        script(conversation) {
          if (inShort(conversation)) return answer("it read");
          if (conversation.said.some(isSummary)) return answer("done");
          return conversation.turn === 1 ? calls("read") : full;
        },
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        assert.deepEqual(
          (await stage.entries("reply")).map(({ body }) => body.outcome),
          ["calls", "context-full", "answer"],
        );
      },
    },
    {
      name: "fails when the context is full after a compaction",
      cast: (kit) => ({
        tools: [kit.tool("read")],
        script: (conversation) => (inShort(conversation) ? answer("nothing yet") : full),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("failed", "CONTEXT_FULL");
        assert.equal((await stage.entries("compaction")).length, 1);
      },
    },
    {
      name: "fails with the reason why the transcript can't be put in short",
      cast: (kit) => reader(kit, () => ({ fail: { status: 401 } })),
      async play(stage) {
        stage.gates.open("reading");
        await stage.submit();
        await stage.ends("failed", "MODEL_REFUSED");
        assert.equal((await stage.entries("compaction"))[0]?.body.outcome, "failed");
      },
    },
    {
      name: "tries a compaction again that failed for a moment",
      cast: (kit) =>
        reader(kit, () => (kit.nth("summary") === 1 ? { fail: { status: 500 } } : answer("it read a lot"))),
      async play(stage) {
        stage.gates.open("reading");
        await stage.submit();
        await stage.ends("completed", "done");
        assert.equal((await stage.entries("attempt")).length, 1);
      },
    },
    {
      name: "compacts once though its process dies right after",
      cast: (kit) => reader(kit),
      async play(stage) {
        stage.gates.open("reading");
        const death = stage.process.dies("after", ({ kind }) => kind === "compaction");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "done");
        assert.equal(stage.ledger.modelCalls.get("main"), 3);
      },
    },
  ],
};
