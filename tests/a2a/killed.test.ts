/** A server that is killed with -9: what was said is not lost and not doubled, and who follows misses nothing. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StreamResponse, Task } from "@a2a-js/sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  answerOf,
  data,
  message,
  openClient,
  request,
  stateOf,
  taskOf,
  textIn,
  transports,
} from "./stage.ts";

vi.setConfig({ testTimeout: 120_000 });

interface Server {
  readonly url: string;
  readonly port: number;
  readonly kill: () => Promise<void>;
}

let folder = "";
let running: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "omniforge-a2a-killed-"));
});
afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true, force: true });
});

async function kill(): Promise<void> {
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const ended = once(running, "exit");
  running.kill("SIGKILL");
  await ended;
}

async function start(port = 0): Promise<Server> {
  const program = fileURLToPath(new URL("program.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=omniforge:source", program, folder, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running = child;
  const heard = await new Promise<number>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const found = /listening on (\d+)\n/.exec(text);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once("exit", () => reject(new Error("the server ended before it listened")));
  });
  return { port: heard, url: `http://127.0.0.1:${heard}`, kill };
}

const step = (number: number): void => writeFileSync(join(folder, `step-${number}`), "");
const words = ({ history }: Task): string[] => history.map(({ parts }) => parts.map(textIn).join(""));

/** What events tell, in short: words by the way, artifacts, states. */
const told = ({ payload }: StreamResponse): string => {
  if (payload?.$case === "statusUpdate") {
    const said = payload.value.status?.message?.parts.map(textIn).join("") ?? "";
    return said === "" ? `state ${payload.value.status?.state ?? 0}` : said;
  }
  return payload?.$case === "artifactUpdate"
    ? (payload.value.artifact?.parts.map(textIn).join("") ?? "")
    : (payload?.$case ?? "");
};

describe.each(transports)("over %s", (transport) => {
  it("a message that is sent again after a kill is the same message", async () => {
    const hello = message("Hello", { contextId: "talk" });
    const first = await start();
    const { id } = taskOf(
      await (await openClient(first.url, "helper", transport)).sendMessage(request(hello)),
    );
    await first.kill();
    const second = await start();
    const client = await openClient(second.url, "helper", transport);
    const again = taskOf(await client.sendMessage(request(hello)));
    expect([again.id, answerOf(again)]).toEqual([id, "You said: Hello"]);
    await expect(client.sendMessage(request({ ...hello, parts: [data(1)] }))).rejects.toThrow(
      /another message/,
    );
  });

  it("a message that was being sent when the server was killed makes one task", async () => {
    const slow = message("slow");
    const first = await start();
    const lost = (await openClient(first.url, "helper", transport)).sendMessage(request(slow)).then(
      () => "answered",
      () => "lost",
    );
    const looking = await openClient(first.url, "helper", transport);
    const list = { tenant: "", contextId: "", status: 0, pageToken: "", statusTimestampAfter: undefined };
    await expect.poll(async () => (await looking.listTasks(list)).totalSize, { timeout: 60_000 }).toBe(1);
    await first.kill();
    expect(await lost).toBe("lost");
    const second = await start();
    for (const number of [1, 2, 3, 4]) step(number);
    const client = await openClient(second.url, "helper", transport);
    const task = taskOf(await client.sendMessage(request(slow)));
    expect([stateOf(task), answerOf(task)]).toEqual(["TASK_STATE_COMPLETED", "all steps done"]);
    expect((await client.listTasks(list)).totalSize).toBe(1);
  });

  it("who follows, and comes back after the kill, has seen everything once", async () => {
    const first = await start();
    const before = await openClient(first.url, "helper", transport);
    const stream = before.sendMessageStream(request("slow"));
    const begun = (await stream.next()).value as StreamResponse;
    const id = begun.payload?.$case === "task" ? begun.payload.value.id : "";
    const seen: string[] = [];
    step(1);
    step(2);
    while (!seen.includes("step 2")) seen.push(told((await stream.next()).value as StreamResponse));
    await first.kill();
    await expect(
      (async () => {
        for await (const event of stream) seen.push(told(event));
      })(),
    ).rejects.toThrow(/terminated|fetch|network|socket/i);
    expect(seen).toEqual(["step 1", "step 2"]);
    const second = await start();
    const client = await openClient(second.url, "helper", transport);
    const back = client.resubscribeTask({ tenant: "", id });
    const snapshot = (await back.next()).value as StreamResponse;
    const task = snapshot.payload?.$case === "task" ? snapshot.payload.value : undefined;
    expect(task && words(task)).toEqual(["slow", ...seen]);
    step(3);
    step(4);
    for await (const event of back) seen.push(told(event));
    expect(seen).toEqual(["step 1", "step 2", "step 3", "all steps done", "state 3"]);
    expect(words(await client.getTask({ tenant: "", id }))).toEqual([
      "slow",
      "step 1",
      "step 2",
      "step 3",
      "all steps done",
    ]);
  });

  it("an answer that is sent again after a kill answers no other request", async () => {
    const first = await start();
    const before = await openClient(first.url, "helper", transport);
    const task = taskOf(await before.sendMessage(request("ask")));
    const asked = (task.status?.message?.parts ?? []).flatMap(({ content }) =>
      content?.$case === "data" ? [content.value as { request: string }] : [],
    );
    expect(asked).toHaveLength(2);
    const metadata = { "urn:omniforge:a2a:inputs:v1": { request: asked[0]?.request } };
    const answer = message("one", { taskId: task.id, messageId: "the answer", metadata });
    expect(stateOf(taskOf(await before.sendMessage(request(answer))))).toBe("TASK_STATE_INPUT_REQUIRED");
    await first.kill();
    const second = await start();
    const client = await openClient(second.url, "helper", transport);
    for (const again of [answer, { ...answer, metadata: undefined }])
      expect(stateOf(taskOf(await client.sendMessage(request(again))))).toBe("TASK_STATE_INPUT_REQUIRED");
    const done = taskOf(await client.sendMessage(request(message("two", { taskId: task.id }))));
    expect(answerOf(done)).toBe("one and two");
  });
});
