/** Tasks over A2A, by the SDK's own client, over both transports. */
import { TaskState, type StreamResponse } from "@a2a-js/sdk";
import { defineAgent } from "omniforge";
import { describe, expect, it } from "vitest";
import { answerOf, message, openStage, request, stateOf, taskOf, textIn, transports } from "./stage.ts";

const helper = defineAgent({ name: "helper", description: "Helps.", instructions: "Help." });
const echo = ({ said }: { said: readonly string[] }): { text: string } => ({
  text: `You said: ${said.at(-1)}`,
});

async function all(stream: AsyncGenerator<StreamResponse>): Promise<StreamResponse[]> {
  const events: StreamResponse[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe.each(transports)("over %s", (transport) => {
  it("a message begins a task, whose answer is an artifact", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const task = taskOf(await client.sendMessage(request("Hello")));
    expect(stateOf(task)).toBe("TASK_STATE_COMPLETED");
    expect(answerOf(task)).toBe("You said: Hello");
    expect(task.history.map(({ parts }) => parts.map(textIn).join(""))).toEqual(["Hello", "You said: Hello"]);
    expect(await client.getTask({ tenant: "", id: task.id })).toEqual(task);
  });

  it("a stream begins with the task and ends behind its end", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const events = await all(client.sendMessageStream(request("Hello")));
    const kinds = events.map(({ payload }) => payload?.$case);
    expect(kinds[0]).toBe("task");
    expect(kinds).toContain("artifactUpdate");
    const last = events.at(-1)?.payload;
    expect(last?.$case === "statusUpdate" && last.value.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });
});
void message;
