/** Pauses for a person (3.4.2, input required): how they are told, and how messages answer them. */
import type { Message, Task } from "@a2a-js/sdk";
import { RequestMalformedError, UnsupportedOperationError } from "@a2a-js/sdk/errors";
import { askHumanTool, defineAgent, defineTool, InputRequired } from "omniforge";
import type { ScriptedReply } from "omniforge/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { collect } from "./gates.ts";
import {
  answerOf,
  data,
  message,
  openStage,
  request,
  stateOf,
  taskOf,
  textIn,
  transports,
  text,
} from "./stage.ts";

const extension = "urn:omniforge:a2a:inputs:v1";
const pay = defineTool({
  name: "pay",
  description: "Pays.",
  parameters: z.object({ amount: z.number() }),
  needsApproval: true,
  execute: ({ amount }) => `paid ${amount}`,
});
const survey = defineTool({
  name: "survey",
  description: "Asks for numbers.",
  parameters: z.object({}),
  effects: "idempotent",
  execute: (_nothing, { answers }) => {
    if (answers.length > 0) return { answered: answers[0] ?? null };
    throw new InputRequired("How many?", {
      type: "object",
      properties: { count: { type: "integer" } },
      required: ["count"],
    });
  },
});
const below = defineAgent({ name: "below", instructions: "Pay.", tools: [pay] });
const clerk = defineAgent({
  name: "clerk",
  instructions: "Work.",
  tools: [pay, survey, askHumanTool],
  agents: [below],
});

/** Calls what the message says, then says what came of it. */
const script = ({
  said,
  results,
  turn,
}: {
  said: readonly string[];
  results: readonly { text: string }[];
  turn: number;
}): ScriptedReply => {
  if (turn > 1) return { text: results.map(({ text: one }) => one).join("; ") };
  const [order = ""] = said.slice(-1);
  switch (order) {
    case "ask":
      return {
        text: "One moment.",
        calls: [{ name: "ask_human", arguments: { question: "Which colour?" } }],
      };
    case "survey":
      return { calls: [{ name: "survey" }] };
    case "pay":
      return { calls: [{ name: "pay", arguments: { amount: 7 } }] };
    case "pay twice":
      return { calls: [1, 2].map((amount) => ({ name: "pay", arguments: { amount } })) };
    case "delegate":
      return { calls: [{ name: "below", arguments: { message: "pay" } }] };
    default:
      return { text: "nothing to do" };
  }
};

const asks = (task: Task): Record<string, unknown>[] =>
  (task.status?.message?.parts ?? []).flatMap(({ content }) =>
    content?.$case === "data" ? [content.value as Record<string, unknown>] : [],
  );

describe.each(transports)("over %s", (transport) => {
  const begin = async (
    said: string,
  ): Promise<{
    task: Task;
    say: (parts: Parameters<typeof message>[0], some?: Partial<Message>) => Promise<Task>;
    end: () => Promise<void>;
  }> => {
    const stage = await openStage([clerk, below], script);
    const client = await stage.client("clerk", transport);
    const task = taskOf(await client.sendMessage(request(said)));
    return {
      task,
      say: async (parts, some = {}) =>
        taskOf(await client.sendMessage(request(message(parts, { taskId: task.id, ...some })))),
      end: async () => stage[Symbol.asyncDispose](),
    };
  };

  it("a question is told in words and as data, and answered by text", async () => {
    const { task, say, end } = await begin("ask");
    expect(stateOf(task)).toBe("TASK_STATE_INPUT_REQUIRED");
    expect(task.status?.message?.parts.map(textIn)[0]).toBe("Which colour?");
    expect(task.status?.message?.extensions).toEqual([extension]);
    expect(asks(task)).toMatchObject([{ task: task.id, kind: "question" }]);
    const done = await say("green");
    expect([stateOf(done), answerOf(done)]).toEqual(["TASK_STATE_COMPLETED", "green"]);
    expect(done.history.map(({ parts }) => parts.map(textIn).join(""))).toEqual([
      "ask",
      "One moment.",
      "Which colour?",
      "green",
      "green",
    ]);
    await end();
  });

  it("a question with a schema takes data, or text that is JSON, and refuses what does not fit", async () => {
    for (const answer of [[data({ count: 3 })], [text('{"count": 3}')]]) {
      const { task, say, end } = await begin("survey");
      expect(asks(task)).toMatchObject([{ kind: "question", schema: { required: ["count"] } }]);
      await expect(say("three")).rejects.toBeInstanceOf(RequestMalformedError);
      expect(answerOf(await say(answer))).toBe('{"answered":{"count":3}}');
      await end();
    }
  });

  it.each([
    ["approve", "paid 7"],
    ["Yes.", "paid 7"],
    ["reject: too much", "too much"],
    ["no, thank you", "thank you"],
  ])("an approval is answered by %j", async (words, outcome) => {
    const { task, say, end } = await begin("pay");
    expect(asks(task)).toMatchObject([{ kind: "approval", tool: "pay", arguments: { amount: 7 } }]);
    expect(answerOf(await say(words))).toContain(outcome);
    await end();
  });

  it("an approval may be given as data, with other arguments", async () => {
    const { say, end } = await begin("pay");
    expect(answerOf(await say([data({ decision: "approve", arguments: { amount: 5 } })]))).toBe("paid 5");
    await end();
  });

  it("what is not plainly a yes approves nothing", async () => {
    const { task, say, end } = await begin("pay");
    for (const words of ["ok maybe", "yes if it is below 5", "approve nothing", "", "y e s", "not approved"])
      await expect(say(words === "" ? [text("")] : words)).rejects.toBeInstanceOf(RequestMalformedError);
    await expect(say([data({ decision: "approve", amount: 5 })])).rejects.toBeInstanceOf(
      RequestMalformedError,
    );
    await expect(say([data(true)])).rejects.toBeInstanceOf(RequestMalformedError);
    expect(task.id).not.toBe("");
    await end();
  });

  it("where several are open, the one that is answered is named in the metadata", async () => {
    const { task, say, end } = await begin("pay twice");
    const [first, second] = asks(task);
    await expect(say("approve")).rejects.toThrow(/several requests are open/);
    const still = await say([text("-")], {
      metadata: { [extension]: { request: second?.["request"], decision: "reject", reason: "not this" } },
    });
    expect(stateOf(still)).toBe("TASK_STATE_INPUT_REQUIRED");
    expect(asks(still)).toMatchObject([{ request: first?.["request"] }]);
    expect(answerOf(await say("approve"))).toMatch(/paid 1; .*not this/);
    await end();
  });

  it("a sub-agent's request is the task's, and answered through it", async () => {
    const { task, say, end } = await begin("delegate");
    expect(stateOf(task)).toBe("TASK_STATE_INPUT_REQUIRED");
    const [ask] = asks(task);
    expect(ask).toMatchObject({ kind: "approval", tool: "pay" });
    expect(ask?.["task"]).not.toBe(task.id);
    const done = await say("approve");
    expect([stateOf(done), answerOf(done)]).toEqual(["TASK_STATE_COMPLETED", "paid 7"]);
    await end();
  });

  it("the same answer twice is one answer, and never answers the next request", async () => {
    const { task, say, end } = await begin("pay twice");
    const [first] = asks(task);
    const id = { messageId: "same", metadata: { [extension]: { request: first?.["request"] } } };
    const both = await Promise.all([say("approve", id), say("approve", id), say("approve", id)]);
    for (const one of both) expect(asks(one)).toHaveLength(1);
    await expect(say("reject", id)).rejects.toThrow(/same was used for another message/);
    await expect(say("approve", { messageId: "same" })).resolves.toMatchObject({ id: task.id });
    expect(answerOf(await say("no"))).toContain("paid 1");
    await expect(say("approve", id)).resolves.toMatchObject({ id: task.id });
    await end();
  });

  it("a request that is not open is not supported", async () => {
    const { say, end } = await begin("pay");
    const named = (more: object): Partial<Message> => ({
      metadata: { [extension]: { request: "9/tool/9", ...more } },
    });
    await expect(say("approve", named({}))).rejects.toBeInstanceOf(UnsupportedOperationError);
    await expect(say("approve", { metadata: { [extension]: { decision: "maybe" } } })).rejects.toBeInstanceOf(
      RequestMalformedError,
    );
    await end();
  });

  it("a stream of sending ends where the client's turn has come; a subscription goes on", async () => {
    await using stage = await openStage([clerk, below], script);
    const client = await stage.client("clerk", transport);
    const events = await collect(client.sendMessageStream(request("delegate")));
    const [first] = events;
    const id = first?.payload?.$case === "task" ? first.payload.value.id : "";
    const last = events.at(-1)?.payload;
    expect(last?.$case === "statusUpdate" && last.value.status?.message?.parts[0]).toBeDefined();
    const following = client.resubscribeTask({ tenant: "", id });
    expect((await following.next()).value?.payload?.$case).toBe("task");
    const rest = collect(following);
    const spoken = await collect(client.sendMessageStream(request(message("approve", { taskId: id }))));
    expect(spoken[0]?.payload?.$case).toBe("task");
    expect(spoken.at(-1)?.payload?.$case).toBe("statusUpdate");
    expect((await rest).map(({ payload }) => payload?.$case)).toEqual([
      "statusUpdate",
      "artifactUpdate",
      "statusUpdate",
    ]);
  });
});
