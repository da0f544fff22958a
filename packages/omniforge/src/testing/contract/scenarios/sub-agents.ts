/** Sub-agents: tasks of their own that a call opens, and that end with their parent. */
import assert from "node:assert/strict";
import { answer, calls, replies, report } from "../kit.ts";
import type { Theme } from "../scenario.ts";

const asked = (message: string): readonly [string, { message: string }] => ["helper", { message }];

export const subAgents: Theme = {
  name: "sub-agents",
  scenarios: [
    {
      name: "hands work to a sub-agent and takes its answer",
      cast: () => ({
        agents: { helper: { script: ({ said }) => answer(`did ${said.join()}`) } },
        script: replies(calls(asked("the dishes")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "helper (text): did the dishes");
        const child = await stage.until(({ endedSeq }) => endedSeq !== null, "it ends", stage.child());
        assert.deepEqual([child.parent, child.root, child.depth], [stage.task, stage.task, 1]);
      },
    },
    {
      name: "runs sub-agents side by side and counts what they used",
      cast: (kit) => ({
        agents: {
          helper: {
            script: async ({ said }) => {
              await kit.wait("both");
              return answer(said.join());
            },
          },
        },
        script: replies(calls(asked("a"), asked("b")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("both", 2);
        stage.gates.open("both");
        await stage.ends("completed", "helper (text): a; helper (text): b");
        const { usage } = await stage.until(() => true, "it is there");
        assert.deepEqual(usage, { inputTokens: 40, outputTokens: 20 });
      },
    },
    {
      name: "runs tools beside a sub-agent, and sub-agents of sub-agents",
      cast: (kit) => ({
        tools: [kit.tool("look")],
        agents: {
          helper: {
            tools: [kit.tool("dig")],
            agents: { expert: { script: replies(answer("gold")) } },
            script: replies(calls("dig", ["expert", { message: "what is it?" }]), report),
          },
        },
        script: replies(calls("look", asked("dig")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends(
          "completed",
          "look (text): look is done; helper (text): dig (text): dig is done; expert (text): gold",
        );
        const grandchild = await stage.until(() => true, "it is there", `${stage.child(1, 1)}.1.1`);
        assert.deepEqual([grandchild.root, grandchild.depth], [stage.task, 2]);
      },
    },
    {
      name: "parks while a sub-agent waits for an approval, across a restart",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
            script: replies(calls("pay"), report),
          },
        },
        script: replies(calls(asked("pay")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"], stage.child());
        await stage.restart();
        await stage.approve("1/tool/0", { task: stage.child() });
        await stage.ends("completed", "helper (text): pay (text): pay is done");
        assert.deepEqual(stage.ledger.counts, { pay: 1 });
      },
    },
    {
      name: "cancels a sub-agent that asks for an approval when its parked parent is cancelled",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [kit.tool("pay", { effects: "once", needsApproval: true })],
            script: replies(calls("pay"), report),
          },
        },
        script: replies(calls(asked("pay")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"], stage.child());
        await stage.cancel();
        await stage.ends("canceled");
        await stage.ends("canceled", undefined, stage.child());
        assert.deepEqual(stage.ledger.counts, {});
      },
    },
    {
      name: "reaches the running tool of a sub-agent when its parent is cancelled",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [
              kit.tool("dig", {}, async ({ context: { signal } }) => {
                await kit.wait("digging", signal);
                return "dug";
              }),
            ],
            script: replies(calls("dig"), report),
          },
        },
        script: replies(calls(asked("dig")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("digging");
        await stage.cancel();
        await stage.ends("canceled");
        await stage.ends("canceled", undefined, stage.child());
      },
    },
    {
      name: "cancels a sub-agent of a sub-agent",
      cast: (kit) => ({
        agents: {
          helper: {
            agents: {
              expert: {
                tools: [kit.question()],
                script: replies(calls(["ask_human", { question: "Well?" }]), report),
              },
            },
            script: replies(calls(["expert", { message: "ask" }]), report),
          },
        },
        script: replies(calls(asked("ask")), report),
      }),
      async play(stage) {
        await stage.submit();
        const expert = `${stage.child()}.1.0`;
        await stage.asks(["1/tool/0"], expert);
        await stage.cancel();
        for (const task of [stage.task, stage.child(), expert]) await stage.ends("canceled", undefined, task);
      },
    },
    {
      name: "tells the parent's model that a sub-agent was cancelled",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [kit.question()],
            script: replies(calls(["ask_human", { question: "Well?" }]), report),
          },
        },
        script: replies(calls(asked("ask")), ({ results }) => answer(results.map(({ kind }) => kind).join())),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"], stage.child());
        await stage.cancel({ task: stage.child() });
        await stage.ends("canceled", undefined, stage.child());
        await stage.ends("completed", "error-text");
      },
    },
    {
      name: "shows the parent's model why a sub-agent failed",
      cast: () => ({
        agents: { helper: { script: replies({ fail: { status: 401, message: "no such key" } }) } },
        script: replies(calls(asked("try")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "helper (error-text): no such key");
        await stage.ends("failed", "MODEL_REFUSED", stage.child());
      },
    },
    {
      name: "opens no sub-agents deeper than its limit",
      cast: () => ({
        limits: { depth: 1 },
        agents: {
          helper: {
            agents: { expert: { script: replies(answer("gold")) } },
            script: replies(calls(["expert", { message: "dig" }]), report),
          },
        },
        script: replies(calls(asked("dig")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends(
          "completed",
          "helper (text): expert (error-text): this task may not open deeper sub-agents",
        );
        assert.equal((await stage.tasks()).length, 2);
      },
    },
    {
      name: "opens no more sub-agents than its limit",
      cast: () => ({
        limits: { children: 2 },
        agents: { helper: { script: replies(answer("done")) } },
        script: replies(calls(asked("a"), asked("b"), asked("c")), calls(asked("d")), report),
      }),
      async play(stage) {
        await stage.submit();
        const refused = "helper (error-text): this task may not open more sub-agents";
        await stage.ends("completed", `helper (text): done; helper (text): done; ${refused}; ${refused}`);
        assert.equal((await stage.tasks()).length, 3);
      },
    },
    {
      name: "gives each sub-agent its share of the tokens that are left",
      cast: () => ({
        limits: { tokens: 1_000 },
        agents: { helper: { script: replies(answer("done")) } },
        script: replies(
          { ...calls(asked("a"), asked("b")), usage: { input: 90, output: 10 } },
          answer("done"),
        ),
      }),
      async play(stage) {
        await stage.submit();
        await stage.ends("completed", "done");
        for (const index of [0, 1]) {
          const { limits } = await stage.until(() => true, "it is there", stage.child(1, index));
          assert.equal(limits.tokens, 450);
        }
      },
    },
    {
      name: "opens a sub-agent once though its process dies before the log says so",
      cast: () => ({
        agents: { helper: { script: replies(answer("done")) } },
        script: replies(calls(asked("go")), report),
      }),
      async play(stage) {
        const death = stage.process.dies("before", ({ kind }) => kind === "child");
        await stage.submit();
        await death;
        await stage.start();
        await stage.ends("completed", "helper (text): done");
        assert.equal((await stage.tasks()).length, 2);
      },
    },
    {
      name: "goes on with parent and sub-agent after both lost their process",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [
              kit.tool("dig", { effects: "idempotent" }, async ({ execution }) => {
                if (execution === 1) await kit.wait("digging");
                return "dug";
              }),
            ],
            script: replies(calls("dig"), report),
          },
        },
        script: replies(calls(asked("dig")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.gates.reached("digging");
        await stage.process.crash();
        await stage.start();
        await stage.ends("completed", "helper (text): dig (text): dug");
        assert.deepEqual(stage.ledger.counts, { dig: 2 });
      },
    },
    {
      name: "collects a sub-agent that ended while no process lived",
      cast: (kit) => ({
        agents: {
          helper: {
            tools: [kit.question()],
            script: replies(calls(["ask_human", { question: "Well?" }]), report),
          },
        },
        script: replies(calls(asked("ask")), report),
      }),
      async play(stage) {
        await stage.submit();
        await stage.asks(["1/tool/0"], stage.child());
        const death = stage.process.dies(
          "after",
          ({ kind }, task) => kind === "ended" && task === stage.child(),
        );
        await stage.answer("1/tool/0", { decision: "answer", value: "fine" }, { task: stage.child() });
        await death;
        await stage.start();
        await stage.ends("completed", "helper (text): ask_human (text): fine");
      },
    },
  ],
};
