/** Contexts (3.4.1): a conversation groups tasks, and a new one knows what was said in those before it. */
import { RequestMalformedError, TaskNotFoundError } from "@a2a-js/sdk/errors";
import { TaskState } from "@a2a-js/sdk";
import { defineAgent } from "omniforge";
import { describe, expect, it } from "vitest";
import { conversational } from "../../packages/omniforge/src/agents/conversation.ts";
import {
  answerOf,
  file,
  message,
  openStage,
  request,
  stateOf,
  taskOf,
  text,
  textIn,
  transports,
} from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help." });
const everything = {
  tenant: "",
  status: TaskState.TASK_STATE_UNSPECIFIED,
  pageToken: "",
  statusTimestampAfter: undefined,
};

describe.each(transports)("over %s", (transport) => {
  it("a task without a context gets one of its own, and keeps one that is given", async () => {
    await using stage = await openStage([helper], () => ({ text: "done" }));
    const client = await stage.client("helper", transport);
    const one = taskOf(await client.sendMessage(request("Hello")));
    const two = taskOf(await client.sendMessage(request("Hello")));
    expect(one.contextId).not.toBe("");
    expect(two.contextId).not.toBe(one.contextId);
    const given = taskOf(await client.sendMessage(request(message("Hello", { contextId: "my talk / 1" }))));
    expect(given.contextId).toBe("my talk / 1");
    expect(given.history.every(({ contextId }) => contextId === "my talk / 1")).toBe(true);
  });

  it("the next task of a context is told what was said before it, and shows only its own words", async () => {
    await using stage = await openStage([helper], ({ said }) => ({ text: `heard <${said.join("|")}>` }));
    const client = await stage.client("helper", transport);
    const context = { contextId: "talk" };
    const first = taskOf(await client.sendMessage(request(message("My name is Ann.", context))));
    const second = taskOf(await client.sendMessage(request(message("Who am I?", context))));
    expect(second.id).not.toBe(first.id);
    const heard = answerOf(second);
    expect(heard).toContain("user: My name is Ann.");
    expect(heard).toContain("agent: heard <My name is Ann.>");
    expect(heard.endsWith("Who am I?>")).toBe(true);
    expect(second.history[0]?.parts.map(textIn)).toEqual(["Who am I?"]);
    const list = await client.listTasks({ ...everything, contextId: "talk" });
    expect(list.tasks.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await client.listTasks({ ...everything, contextId: "no talk" })).tasks).toEqual([]);
  });

  it("a message that refers to tasks is told what they said; one that is not there is refused", async () => {
    await using stage = await openStage([helper], ({ said }) => ({ text: `heard <${said.join("|")}>` }));
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("The code is 1234.")));
    const next = message("What is the code?", { referenceTaskIds: [id] });
    expect(answerOf(taskOf(await client.sendMessage(request(next))))).toContain("user: The code is 1234.");
    const lost = message("What?", { referenceTaskIds: ["task_nowhere"] });
    await expect(client.sendMessage(request(lost))).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  it("a context that is not the task's is refused; without one it is the task's", async () => {
    await using stage = await openStage([helper], () => ({ text: "done" }));
    const client = await stage.client("helper", transport);
    const sent = message("Hello", { contextId: "talk" });
    const { id } = taskOf(await client.sendMessage(request(sent)));
    const wrong = { ...sent, taskId: id, contextId: "another" };
    await expect(client.sendMessage(request(wrong))).rejects.toBeInstanceOf(RequestMalformedError);
    expect(taskOf(await client.sendMessage(request({ ...sent, taskId: id, contextId: "" }))).contextId).toBe(
      "talk",
    );
  });
});

describe.each(transports)("over %s, an agent that listens", (transport) => {
  it("goes on with what is said next, files too, in one task", async () => {
    const talker = conversational(defineAgent({ name: "talker", instructions: "Talk." }), "scripted:test");
    await using stage = await openStage([talker], ({ said }) => ({ text: `heard <${said.join("|")}>` }));
    const client = await stage.client("talker", transport);
    const first = taskOf(await client.sendMessage(request("one")));
    expect(stateOf(first)).toBe("TASK_STATE_INPUT_REQUIRED");
    const next = message([text("two"), file("a,b", "text/csv")], { taskId: first.id });
    const second = taskOf(await client.sendMessage(request(next)));
    expect([second.id, stateOf(second)]).toEqual([first.id, "TASK_STATE_INPUT_REQUIRED"]);
    expect(second.history.flatMap(({ parts }) => parts.map(textIn)).at(-2)).toContain("heard <one|two");
    const again = taskOf(await client.sendMessage(request(next)));
    expect(again.history).toEqual(second.history);
  });
});
