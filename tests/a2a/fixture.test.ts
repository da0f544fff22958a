/** The agent that outside conformance kits drive, by the ids of their messages. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFixture, type Fixture } from "./fixture/open.ts";
import { collect } from "./gates.ts";
import { answerOf, message, openClient, request, stateOf, taskOf, textIn, transports } from "./stage.ts";

const folder = mkdtempSync(join(tmpdir(), "omniforge-a2a-fixture-"));
let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture(folder, 0);
});
afterAll(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(transports)("over %s", (transport) => {
  const send = async (messageId: string, returnImmediately = false) => {
    const client = await openClient(fixture.server.url, "fixture", transport);
    const sent = request(message("Hello", { messageId }), { returnImmediately });
    return { client, task: taskOf(await client.sendMessage(sent)) };
  };

  it.each([
    ["tck-complete-task", "TASK_STATE_COMPLETED", "Hello from TCK"],
    ["tck-artifact-text", "TASK_STATE_COMPLETED", "Generated text content"],
    ["tck-input-required", "TASK_STATE_INPUT_REQUIRED", ""],
    ["tck-reject-task", "TASK_STATE_FAILED", ""],
    ["tck-something-else", "TASK_STATE_COMPLETED", "Unhandled messageId prefix: tck-something-else"],
  ])("%s: %s", async (prefix, state, answer) => {
    const { task } = await send(prefix);
    expect([stateOf(task), answerOf(task)]).toEqual([state, answer]);
    expect(task.history[0]?.messageId).toBe(prefix);
    expect(task.history[0]?.parts.map(textIn)).toEqual(["Hello"]);
  });

  it("one message id may begin many tasks, as kits have it", async () => {
    const [one, two] = [await send("tck-complete-task"), await send("tck-complete-task")];
    expect(one.task.id).not.toBe(two.task.id);
  });

  it("files and data come as artifacts", async () => {
    const [made] = (await send("tck-artifact-file")).task.artifacts;
    expect(made?.parts[0]).toMatchObject({ filename: "output.txt", mediaType: "text/plain" });
    expect(made?.parts[0]?.content?.$case === "raw" && made.parts[0].content.value.toString()).toBe("tck");
    const [data] = (await send("tck-artifact-data")).task.artifacts;
    expect(data?.parts[0]?.content).toEqual({ $case: "data", value: { key: "value", count: 42 } });
  });

  it("what takes long can be subscribed to meanwhile", async () => {
    const { client, task } = await send("test-resubscribe-message-id", true);
    expect(stateOf(task)).toMatch(/SUBMITTED|WORKING/);
    const events = await collect(client.resubscribeTask({ tenant: "", id: task.id }));
    expect(events[0]?.payload?.$case).toBe("task");
    expect(events.at(-1)?.payload?.$case).toBe("statusUpdate");
  });
});
