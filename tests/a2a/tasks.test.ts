/** Tasks over A2A, by the SDK's own client, over both transports. */
import { TaskState, type Task } from "@a2a-js/sdk";
import { TaskNotCancelableError, TaskNotFoundError, UnsupportedOperationError } from "@a2a-js/sdk/errors";
import { defineAgent } from "omniforge";
import { describe, expect, it } from "vitest";
import { collect, gate } from "./gates.ts";
import { answerOf, message, openStage, request, stateOf, taskOf, textIn, transports } from "./stage.ts";

const helper = defineAgent({ name: "helper", description: "Helps.", instructions: "Help." });
const other = defineAgent({ name: "other", instructions: "Help too." });
const echo = ({ said }: { said: readonly string[] }): { text: string } => ({
  text: `You said: ${said.at(-1)}`,
});
const words = (task: Task): string[] => task.history.map(({ parts }) => parts.map(textIn).join(""));
const one = (id: string): { tenant: string; id: string } => ({ tenant: "", id });

describe.each(transports)("over %s", (transport) => {
  it("a message begins a task, whose answer is an artifact (3.1.1, 3.7)", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const task = taskOf(await client.sendMessage(request("Hello")));
    expect(stateOf(task)).toBe("TASK_STATE_COMPLETED");
    expect(answerOf(task)).toBe("You said: Hello");
    expect(words(task)).toEqual(["Hello", "You said: Hello"]);
    expect(task.contextId).not.toBe("");
    expect(await client.getTask(one(task.id))).toEqual(task);
  });

  it("sending waits for the end, and returnImmediately does not (3.2.2)", async () => {
    const held = gate();
    await using stage = await openStage([helper], async (conversation) => {
      await held.passed;
      return echo(conversation);
    });
    const client = await stage.client("helper", transport);
    const early = taskOf(await client.sendMessage(request("Hello", { returnImmediately: true })));
    expect(["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"]).toContain(stateOf(early));
    const waiting = client.sendMessage(request("Hello again"));
    held.open();
    expect(stateOf(taskOf(await waiting))).toBe("TASK_STATE_COMPLETED");
  });

  it("a stream begins with the task, tells what was durable, and ends behind the end (3.1.2)", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const events = await collect(client.sendMessageStream(request("Hello")));
    expect(events.map(({ payload }) => payload?.$case)).toEqual([
      "task",
      "artifactUpdate",
      "statusUpdate",
      "statusUpdate",
    ]);
    const [, artifact, , last] = events.map(({ payload }) => payload);
    expect(artifact?.$case === "artifactUpdate" && artifact.value.artifact?.parts.map(textIn)).toEqual([
      "You said: Hello",
    ]);
    expect(last?.$case === "statusUpdate" && last.value.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
  });

  it("who subscribes gets the task as it is, and all that comes after (3.1.6)", async () => {
    const held = gate();
    await using stage = await openStage([helper], async (conversation) => {
      await held.passed;
      return echo(conversation);
    });
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("Hello", { returnImmediately: true })));
    const streams = [1, 2].map(() => client.resubscribeTask(one(id)));
    const firsts = await Promise.all(streams.map((stream) => stream.next()));
    for (const first of firsts) expect(first.value?.payload?.$case).toBe("task");
    held.open();
    const [left, right] = await Promise.all(streams.map(collect));
    expect(left).toEqual(right);
    expect(left?.map(({ payload }) => payload?.$case)).toEqual([
      "artifactUpdate",
      "statusUpdate",
      "statusUpdate",
    ]);
    await expect(client.resubscribeTask(one(id)).next()).rejects.toBeInstanceOf(UnsupportedOperationError);
  });

  it("closing one stream touches neither the task nor another stream (3.5.2)", async () => {
    const held = gate();
    await using stage = await openStage([helper], async (conversation) => {
      await held.passed;
      return echo(conversation);
    });
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("Hello", { returnImmediately: true })));
    const leaving = new AbortController();
    const left = client.resubscribeTask(one(id), { signal: leaving.signal });
    const stayed = client.resubscribeTask(one(id));
    await Promise.all([left.next(), stayed.next()]);
    leaving.abort();
    await expect(left.next()).rejects.toThrow(/abort/i);
    held.open();
    expect((await collect(stayed)).at(-1)?.payload?.$case).toBe("statusUpdate");
    expect(stateOf(await client.getTask(one(id)))).toBe("TASK_STATE_COMPLETED");
  });

  it("history is as long as is asked for (3.2.4)", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const task = taskOf(await client.sendMessage(request("Hello", { historyLength: 1 })));
    expect(words(task)).toEqual(["You said: Hello"]);
    const get = async (historyLength?: number): Promise<string[]> =>
      words(await client.getTask({ ...one(task.id), ...(historyLength !== undefined && { historyLength }) }));
    expect(await get(0)).toEqual([]);
    expect(await get(1)).toEqual(["You said: Hello"]);
    expect(await get()).toEqual(["Hello", "You said: Hello"]);
  });

  it("a cancel ends the task; a second one is refused (3.1.5)", async () => {
    await using stage = await openStage([helper], async ({ signal }) => {
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      return { text: "too late" };
    });
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("Hello", { returnImmediately: true })));
    const canceled = await client.cancelTask({ ...one(id), metadata: undefined });
    expect(stateOf(canceled)).toBe("TASK_STATE_CANCELED");
    await expect(client.cancelTask({ ...one(id), metadata: undefined })).rejects.toBeInstanceOf(
      TaskNotCancelableError,
    );
  });

  it("an ended task takes no more messages (3.1.1)", async () => {
    await using stage = await openStage([helper], echo);
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("Hello")));
    const more = message("More", { taskId: id });
    await expect(client.sendMessage(request(more))).rejects.toBeInstanceOf(UnsupportedOperationError);
    await expect(client.sendMessageStream(request(more)).next()).rejects.toBeInstanceOf(
      UnsupportedOperationError,
    );
  });

  it("what is not there, and what is another agent's, is not found", async () => {
    await using stage = await openStage([helper, other], echo);
    const client = await stage.client("helper", transport);
    const foreign = taskOf(await (await stage.client("other", transport)).sendMessage(request("Hello")));
    for (const id of ["task_nowhere", foreign.id]) {
      await expect(client.getTask(one(id))).rejects.toBeInstanceOf(TaskNotFoundError);
      await expect(client.cancelTask({ ...one(id), metadata: undefined })).rejects.toBeInstanceOf(
        TaskNotFoundError,
      );
      await expect(client.resubscribeTask(one(id)).next()).rejects.toBeInstanceOf(TaskNotFoundError);
      await expect(client.sendMessage(request(message("Hi", { taskId: id })))).rejects.toBeInstanceOf(
        TaskNotFoundError,
      );
    }
  });

  it("a message to a working task is heard by its next turn", async () => {
    const [asked, held] = [gate(), gate()];
    await using stage = await openStage([helper], async ({ said, turn }) => {
      if (turn > 1) return { text: `heard: ${said.join(", ")}` };
      asked.open();
      await held.passed;
      return { text: "first answer" };
    });
    const client = await stage.client("helper", transport);
    const begun = taskOf(await client.sendMessage(request("Hello", { returnImmediately: true })));
    await asked.passed;
    const more = client.sendMessage(request(message("And this", { taskId: begun.id })));
    await expect
      .poll(async () => words(await client.getTask(one(begun.id))), { timeout: 20_000 })
      .toContain("And this");
    held.open();
    const task = taskOf(await more);
    expect(answerOf(task)).toBe("heard: Hello, And this");
    expect(words(task)).toEqual(["Hello", "And this", "first answer", "heard: Hello, And this"]);
  });

  it("a failure says what went wrong", async () => {
    await using stage = await openStage([helper], () => ({ fail: { status: 401, message: "no such key" } }));
    const client = await stage.client("helper", transport);
    const task = taskOf(await client.sendMessage(request("Hello")));
    expect(stateOf(task)).toBe("TASK_STATE_FAILED");
    expect(task.status?.message?.parts[1]?.content).toMatchObject({ value: { code: "MODEL_REFUSED" } });
  });

  it("tasks are listed by their last change, page by page, and by state and time (3.1.4)", async () => {
    await using stage = await openStage([helper, other], ({ said }) =>
      said.at(-1) === "fail" ? { fail: { status: 401 } } : echo({ said }),
    );
    const client = await stage.client("helper", transport);
    await (await stage.client("other", transport)).sendMessage(request("elsewhere"));
    const made: string[] = [];
    for (const said of ["one", "two", "fail", "four", "five"])
      made.unshift(taskOf(await client.sendMessage(request(said))).id);
    const list = async (
      some: Partial<Parameters<typeof client.listTasks>[0]>,
    ): Promise<Awaited<ReturnType<typeof client.listTasks>>> =>
      client.listTasks({
        tenant: "",
        contextId: "",
        status: TaskState.TASK_STATE_UNSPECIFIED,
        pageToken: "",
        statusTimestampAfter: undefined,
        ...some,
      });
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await list({ pageSize: 2, pageToken });
      expect(page.totalSize).toBe(5);
      expect(page.pageSize).toBe(2);
      seen.push(...page.tasks.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(made);
    const failed = await list({ status: TaskState.TASK_STATE_FAILED });
    expect(failed.tasks.map(({ id }) => id)).toEqual([made[2]]);
    const [newest] = (await list({ pageSize: 1 })).tasks;
    expect(newest?.artifacts).toEqual([]);
    expect(newest?.history).toEqual([]);
    const since = newest?.status?.timestamp;
    expect((await list({ statusTimestampAfter: since })).tasks.map(({ id }) => id)).toContain(made[0]);
    const [whole] = (await list({ pageSize: 1, includeArtifacts: true, historyLength: 5 })).tasks;
    expect(whole && [answerOf(whole), words(whole)]).toEqual(["You said: five", ["five", "You said: five"]]);
    await expect(list({ pageToken: "forged" })).rejects.toThrow(/pageToken/);
  });
});
