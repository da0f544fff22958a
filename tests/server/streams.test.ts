/** Event streams over a real port: what a client gets, wherever it comes from and whatever happens to it. */
import { EventSource } from "eventsource";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Entry, Task } from "omniforge";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskEvent } from "omniforge/protocol";
import { scriptedModel } from "omniforge/testing";
import { openStage, script, type Stage } from "./stage.ts";

let stage: Stage;
let url: string;

beforeEach(async () => {
  stage = await openStage();
  ({ url } = await stage.listen());
});

afterEach(() => stage[Symbol.asyncDispose]());

async function begin(message: string): Promise<string> {
  const made = await stage.ask("/api/v1/agents/clerk/tasks", { body: { message } });
  return (made.body as Task).task;
}

async function waiting(task: string): Promise<string> {
  await expect
    .poll(async () => (await stage.forge.get(task)).pending.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
  return (await stage.forge.get(task)).pending[0]?.id ?? "";
}

interface Got {
  readonly id: string;
  readonly event: string;
  readonly data: TaskEvent;
}

/** Reads a stream to its end with nothing but fetch. */
async function read(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; events: Got[]; text: string }> {
  const response = await fetch(`${url}${path}`, { headers: { accept: "text/event-stream", ...headers } });
  const text = await response.text();
  return { status: response.status, text, events: parse(text) };
}

function parse(text: string): Got[] {
  return text.split("\n\n").flatMap((block) => {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
    if (field("data") === "") return [];
    return [{ id: field("id"), event: field("event"), data: JSON.parse(field("data")) as TaskEvent }];
  });
}

const entriesOf = (events: readonly Got[]): Entry[] =>
  events.flatMap(({ data }) => (data.type === "entry" ? [data.entry] : []));
const seqsOf = (events: readonly Got[]): number[] => entriesOf(events).map(({ seq }) => seq);

describe("a stream", () => {
  it("has the whole log with an id for each entry and none for a delta, and ends with the task", async () => {
    const task = await begin("echo x");
    const { status, events, text } = await read(`/api/v1/tasks/${task}/events`);
    const log = await stage.forge.log(task);
    expect([status, seqsOf(events)]).toEqual([200, log.map(({ seq }) => seq)]);
    for (const { id, event, data } of events) {
      expect(event).toBe(data.type);
      expect(id).toBe(data.type === "entry" ? String(data.entry.seq) : "");
    }
    expect(text.startsWith("retry: 1000\n\n")).toBe(true);
    expect(entriesOf(events).at(-1)?.kind).toBe("ended");
  });

  it("goes on after any entry without a gap or a repetition, and has nothing left after the last", async () => {
    const task = await begin("echo x");
    await read(`/api/v1/tasks/${task}/events`);
    const { headSeq } = await stage.forge.get(task);
    for (let after = 0; after < headSeq; after++) {
      const wanted = Array.from({ length: headSeq - after }, (_, index) => after + index + 1);
      const byHeader = await read(`/api/v1/tasks/${task}/events?after=1`, { "last-event-id": String(after) });
      expect(seqsOf(byHeader.events)).toEqual(wanted);
      expect(seqsOf((await read(`/api/v1/tasks/${task}/events?after=${after}`)).events)).toEqual(wanted);
    }
    const over = await read(`/api/v1/tasks/${task}/events`, { "last-event-id": String(headSeq) });
    expect([over.status, over.text]).toEqual([204, ""]);
  });

  it.each(["-1", "1e3", "99999999", "0x1", "t1", "t0.AAAAAAAAAA1", "1.1", "💥", "1\t2", "9".repeat(40)])(
    "refuses the forged id %j",
    async (forged) => {
      const task = await begin("echo x");
      const path = `/api/v1/tasks/${task}/events?after=${encodeURIComponent(forged)}`;
      const { status, body } = await stage.ask(path, { headers: { accept: "text/event-stream" } });
      expect([status, body]).toMatchObject([400, { code: "INVALID_INPUT" }]);
    },
  );

  it("is a page of the log for who wants JSON", async () => {
    const task = await begin("echo x");
    await read(`/api/v1/tasks/${task}/events`);
    const seen: number[] = [];
    for (let after: number | undefined = 0; after !== undefined;) {
      const { body } = await stage.ask(`/api/v1/tasks/${task}/events?limit=2&after=${after}`);
      const page = body as { items: Entry[]; next?: number };
      seen.push(...page.items.map(({ seq }) => seq));
      after = page.next;
    }
    expect(seen).toEqual((await stage.forge.log(task)).map(({ seq }) => seq));
  });

  it("comes as the answer to the order, too", async () => {
    const response = await fetch(`${url}/api/v1/agents/clerk/tasks`, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ message: "echo x" }),
    });
    const events = parse(await response.text());
    expect([response.status, entriesOf(events)[0]?.kind, entriesOf(events).at(-1)?.kind]).toEqual([
      201,
      "created",
      "ended",
    ]);
    expect(response.headers.get("location")).toContain(events[0]?.data.task);
  });

  it("of a conversation ends where it listens again", async () => {
    const response = await fetch(`${url}/api/v1/chat`, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "text/plain" },
      body: "hello",
    });
    const last = entriesOf(parse(await response.text())).at(-1);
    expect(last).toMatchObject({ kind: "request", body: { kind: "question" } });
  });

  it("tells nothing of where the task works, nor what only a model reads", async () => {
    const task = await begin("echo x");
    const { text } = await read(`/api/v1/tasks/${task}/events`);
    expect(text).not.toContain(stage.folder);
    expect(text).not.toContain("SECRET-INSTRUCTIONS");
  });
});

describe("a stream with sub-agents", () => {
  it("has their entries too, and goes on from any of its ids", async () => {
    const task = await begin("help 2");
    await expect
      .poll(async () => (await stage.forge.list({ root: task })).length, { timeout: 20_000 })
      .toBe(2);
    const [child] = (await stage.forge.list({ parent: task })).map((one) => one.task);
    const request = await waiting(child ?? "");
    await stage.forge.respond(child ?? "", request, { decision: "approve" });
    const whole = await read(`/api/v1/tasks/${task}/events?tree=true`);
    const names = whole.events.flatMap(({ data }) =>
      data.type === "entry" ? [`${data.task}/${data.entry.seq}`] : [],
    );
    for (const one of [task, child ?? ""])
      for (const { seq } of await stage.forge.log(one))
        expect(names.filter((name) => name === `${one}/${seq}`)).toHaveLength(1);
    const ids = whole.events.filter(({ data }) => data.type === "entry").map(({ id }) => id);
    for (const [index, id] of ids.entries()) {
      const rest = await read(`/api/v1/tasks/${task}/events?tree=true`, { "last-event-id": id });
      const got = rest.events.flatMap(({ data }) =>
        data.type === "entry" ? [`${data.task}/${data.entry.seq}`] : [],
      );
      expect(new Set(got)).toEqual(new Set(names.slice(index + 1)));
      expect(got).toHaveLength(names.length - index - 1);
    }
    const over = await read(`/api/v1/tasks/${task}/events?tree=true`, { "last-event-id": ids.at(-1) ?? "" });
    expect(over.status).toBe(204);
  });
});

describe("an unmodified EventSource", () => {
  it("gets each entry once, across a server that is started anew, and stops by itself", async () => {
    const task = await begin("pay 4");
    const request = await waiting(task);
    const seqs: number[] = [];
    const source = new EventSource(`${url}/api/v1/tasks/${task}/events`);
    const over = new Promise<void>((resolve) => {
      source.addEventListener("entry", (message) => {
        const event = JSON.parse(String(message.data)) as TaskEvent;
        if (event.type !== "entry") return;
        seqs.push(event.entry.seq);
        if (event.entry.kind === "ended") resolve();
      });
    });
    await expect.poll(() => seqs.length).toBe((await stage.forge.get(task)).headSeq);
    const port = Number(new URL(url).port);
    const { folder } = stage;
    const first = stage;
    // The same address and data, another server.
    const kept = await openStage({ dataDirectory: folder });
    await first[Symbol.asyncDispose]();
    stage = kept;
    await stage.listen({ port });
    await stage.forge.respond(task, request, { decision: "approve" });
    await over;
    await expect.poll(() => source.readyState, { timeout: 10_000 }).toBe(EventSource.CLOSED);
    expect(seqs).toEqual((await stage.forge.log(task)).map(({ seq }) => seq));
  });
});

describe("a client that does not behave", () => {
  it("closes without the task noticing", async () => {
    const task = await begin("pay 4");
    const request = await waiting(task);
    const stop = new AbortController();
    const response = await fetch(`${url}/api/v1/tasks/${task}/events`, {
      headers: { accept: "text/event-stream" },
      signal: stop.signal,
    });
    await response.body?.getReader().read();
    stop.abort();
    await expect.poll(async () => (await stage.ask("/metrics")).text).toMatch(/^omniforge_streams_open 0$/m);
    await stage.forge.respond(task, request, { decision: "approve" });
    await expect.poll(async () => (await stage.forge.get(task)).state).toBe("completed");
  });

  it("reads nothing: costs little, and is cut off; who comes again goes on", async () => {
    await using slow = await openStage({ server: { streams: { pingMs: 120 } } });
    const { port, url: at } = await slow.listen();
    const made = await slow.ask("/api/v1/agents/clerk/tasks", { body: { message: "pay 1" } });
    const { task } = made.body as Task;
    await expect.poll(async () => (await slow.forge.get(task)).pending.length).toBe(1);
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    await once(socket, "connect");
    socket.write(
      `GET /api/v1/tasks/${task}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`,
    );
    await expect.poll(async () => (await slow.ask("/metrics")).text).toMatch(/^omniforge_streams_open 1$/m);
    // More than any buffer between the two takes.
    for (let index = 0; index < 40; index++) await slow.forge.say(task, `${index} ${"much ".repeat(50_000)}`);
    await expect
      .poll(async () => (await slow.ask("/metrics")).text, { timeout: 20_000 })
      .toMatch(/^omniforge_streams_cut_off 1$/m);
    await expect.poll(async () => (await slow.ask("/metrics")).text).toMatch(/^omniforge_streams_open 0$/m);
    socket.destroy();
    await slow.forge.cancel(task);
    const response = await fetch(`${at}/api/v1/tasks/${task}/events`, {
      headers: { accept: "text/event-stream", "last-event-id": "3" },
    });
    const seqs = seqsOf(parse(await response.text()));
    expect(seqs).toEqual(
      Array.from({ length: (await slow.forge.get(task)).headSeq - 3 }, (_, index) => index + 4),
    );
  });

  it("asks for the head only, and gets no stream", async () => {
    const task = await begin("pay 4");
    const response = await fetch(`${url}/api/v1/tasks/${task}/events`, {
      method: "HEAD",
      headers: { accept: "text/event-stream" },
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    expect((await stage.ask("/metrics")).text).toMatch(/^omniforge_streams_open 0$/m);
  });

  it("finds no room where as many streams are open as may be", async () => {
    await using full = await openStage({ server: { streams: { maximum: 1 } } });
    const { url: at } = await full.listen();
    const made = await full.ask("/api/v1/agents/clerk/tasks", { body: { message: "pay 1" } });
    const path = `${at}/api/v1/tasks/${(made.body as Task).task}/events`;
    const stop = new AbortController();
    const headers = { accept: "text/event-stream" };
    await fetch(path, { headers, signal: stop.signal });
    const second = await fetch(path, { headers });
    expect([second.status, second.headers.get("retry-after"), await second.json()]).toMatchObject([
      429,
      "5",
      { code: "RATE_LIMITED" },
    ]);
    stop.abort();
  });
});

describe("a server that stops", () => {
  it("ends streams in good order, with a word on when to come again", async () => {
    const other = await openStage();
    const listening = await other.listen();
    const made = await other.ask("/api/v1/agents/clerk/tasks", { body: { message: "pay 1" } });
    const response = await fetch(`${listening.url}/api/v1/tasks/${(made.body as Task).task}/events`, {
      headers: { accept: "text/event-stream" },
    });
    const text = response.text();
    await expect.poll(async () => (await other.ask("/metrics")).text).toMatch(/^omniforge_streams_open 1$/m);
    await other[Symbol.asyncDispose]();
    expect(await text).toMatch(/retry: \d+\n\n$/);
  });

  it("listens to other machines only where there are keys", async () => {
    await expect(stage.listen({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(stage.listen({ host: "::" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    const open = await stage.listen({ host: "0.0.0.0", mayListen: () => true });
    expect((await fetch(`http://127.0.0.1:${open.port}/healthz`)).status).toBe(200);
  });
});

it("keeps a quiet stream alive with pings", async () => {
  await using quiet = await openStage({
    server: { streams: { pingMs: 60 } },
    scripted: scriptedModel(script),
  });
  const { port } = await quiet.listen();
  const made = await quiet.ask("/api/v1/agents/clerk/tasks", { body: { message: "pay 1" } });
  const socket: Socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.write(
    `GET /api/v1/tasks/${(made.body as Task).task}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`,
  );
  await expect.poll(() => text.split(": ping\n\n").length, { timeout: 20_000 }).toBeGreaterThan(3);
  socket.destroy();
});
