/** Whatever is sent, the answer is a response of JSON-RPC, and the server does not fail. */
import * as fc from "fast-check";
import { askHumanTool, defineAgent } from "omniforge";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { createServer } from "../../packages/omniforge/src/server/index.ts";
import { reading } from "./gates.ts";
import { openStage, type Stage } from "./stage.ts";

vi.setConfig({ testTimeout: 300_000 });

const helper = defineAgent({ name: "helper", instructions: "Help.", tools: [askHumanTool] });
let stage: Stage;
let app: ReturnType<typeof createServer>;
const known: string[] = [];
beforeAll(async () => {
  stage = await openStage([helper], ({ said, turn }) =>
    said[0] === "ask" && turn === 1
      ? { calls: [{ name: "ask_human", arguments: { question: "Which?" } }] }
      : { text: "done" },
  );
  app = createServer(stage.forge, { extensions: [a2a()] });
  for (const said of ["Hello", "ask", "ask"]) {
    const sent = { messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text: said }] };
    const { result } = await stage.rpc("helper", "SendMessage", { message: sent });
    known.push((result as { task: { id: string } }).task.id);
  }
});
afterAll(() => stage[Symbol.asyncDispose]());

const methods = [
  "SendMessage",
  "SendStreamingMessage",
  "GetTask",
  "ListTasks",
  "CancelTask",
  "SubscribeToTask",
  "CreateTaskPushNotificationConfig",
  "GetTaskPushNotificationConfig",
  "ListTaskPushNotificationConfigs",
  "DeleteTaskPushNotificationConfig",
  "GetExtendedAgentCard",
];

const hostile = fc.constantFrom(
  "",
  " ",
  "\u0000",
  "\ud800",
  "__proto__",
  "constructor",
  "../..",
  "task_x' or 1=1 --",
  "⟦⟧",
  "x".repeat(300),
  "💥",
  "null",
  "-1",
);
const anything = fc.oneof({ weight: 3, arbitrary: hostile }, fc.string(), fc.jsonValue({ maxDepth: 4 }));
/** `TASK1` and its like stand for tasks that are there. */
const id = fc.oneof(hostile, fc.string({ maxLength: 30 }), {
  weight: 3,
  arbitrary: fc.constantFrom("a", "b", "TASK0", "TASK1", "TASK2"),
});
/** The right type, mostly. */
const mostly = <Value>(right: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 60, arbitrary: right }, anything);

const part = fc.record(
  {
    text: mostly(fc.string()),
    raw: mostly(fc.base64String()),
    url: mostly(fc.webUrl()),
    data: fc.jsonValue(),
    mediaType: mostly(fc.constantFrom("text/plain", "application/json", "image/png", "a/b")),
    filename: mostly(fc.string()),
    metadata: mostly(fc.dictionary(fc.string(), fc.jsonValue())),
  },
  { requiredKeys: [] },
);
const answer = fc.record(
  {
    request: mostly(id),
    task: mostly(id),
    decision: mostly(fc.constantFrom("approve", "reject", "answer")),
    value: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const message = fc.record(
  {
    messageId: mostly(id),
    contextId: mostly(id),
    taskId: mostly(id),
    role: mostly(fc.constant("ROLE_USER")),
    parts: mostly(
      fc.array(fc.oneof({ weight: 4, arbitrary: fc.record({ text: fc.string() }) }, part), { maxLength: 4 }),
    ),
    metadata: mostly(fc.record({ "urn:omniforge:a2a:inputs:v1": mostly(answer) }, { requiredKeys: [] })),
    extensions: mostly(fc.array(fc.string(), { maxLength: 3 })),
    referenceTaskIds: mostly(fc.array(id, { maxLength: 3 })),
  },
  { requiredKeys: ["messageId", "role", "parts"] },
);
const configuration = fc.record(
  {
    historyLength: mostly(fc.nat({ max: 5 })),
    returnImmediately: mostly(fc.boolean()),
    acceptedOutputModes: mostly(fc.array(fc.string(), { maxLength: 2 })),
  },
  { requiredKeys: [] },
);
const tenant = mostly(fc.constantFrom("", "default"));
const send = fc.record(
  { tenant, message: mostly(message), configuration: mostly(configuration) },
  { requiredKeys: ["message"] },
);
const oneTask = fc.record(
  { tenant, id: mostly(id), historyLength: mostly(fc.nat({ max: 5 })) },
  { requiredKeys: ["id"] },
);
const list = fc.record(
  {
    tenant,
    contextId: mostly(id),
    status: mostly(fc.constantFrom("TASK_STATE_COMPLETED", "TASK_STATE_UNSPECIFIED")),
    pageSize: mostly(fc.integer({ min: 1, max: 100 })),
    pageToken: fc.oneof({ weight: 8, arbitrary: fc.constant("") }, id, fc.base64String()),
    historyLength: mostly(fc.nat({ max: 5 })),
    statusTimestampAfter: mostly(
      fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
        .map((date) => date.toISOString()),
    ),
    includeArtifacts: mostly(fc.boolean()),
  },
  { requiredKeys: [] },
);
const paramsOf = new Map<unknown, fc.Arbitrary<unknown>>(
  Object.entries({
    SendMessage: send,
    SendStreamingMessage: send,
    GetTask: oneTask,
    CancelTask: oneTask,
    SubscribeToTask: oneTask,
    ListTasks: list,
  }),
);
const params = fc.oneof(send, oneTask, list);
const method = mostly(fc.constantFrom(...methods));
const call = method.chain((name) =>
  fc.record(
    {
      jsonrpc: mostly(fc.constant("2.0")),
      id: mostly(fc.oneof(fc.integer(), fc.string())),
      method: fc.constant(name),
      params: mostly(paramsOf.get(name) ?? params),
    },
    { requiredKeys: ["jsonrpc", "id", "method", "params"] },
  ),
);

/** A stream's first piece: what follows may wait for a person, and they do not come. */
async function start(response: Response): Promise<string> {
  const { next, leave } = reading(response);
  const first = (await next()) ?? "";
  await leave();
  return first;
}

async function answersOf(body: string): Promise<unknown[]> {
  const response = await app.request("/a2a/helper", {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0" },
    body: body.replaceAll(/TASK(\d)/g, (_name, index: string) => known[Number(index)] ?? ""),
  });
  expect(response.status).toBeLessThan(500);
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true)
    return [JSON.parse(await response.text()) as unknown];
  const text = await start(response);
  const events = text.split("\n\n").filter((event) => event !== "" && !event.startsWith(":"));
  return events.map((event): unknown => JSON.parse(event.slice(event.indexOf("data: ") + 6)));
}

function expectResponses(answers: readonly unknown[], sent: unknown): void {
  expect(answers.length).toBeGreaterThan(0);
  for (const given of answers) {
    const one = given as {
      jsonrpc: unknown;
      id: unknown;
      result?: unknown;
      error?: { code: unknown; message: unknown };
    };
    expect(one.jsonrpc).toBe("2.0");
    expect([sent, null]).toContainEqual(one.id);
    expect("result" in one).toBe(!("error" in one));
    const told = one.error ?? { code: -1, message: "" };
    expect([typeof told.code, typeof told.message]).toEqual(["number", "string"]);
    expect(told.code).not.toBe(-32_603);
  }
}

it("calls, right and wrong", async () => {
  const seen = { results: 0, errors: new Map<number, number>() };
  await fc.assert(
    fc.asyncProperty(call, async (sent) => {
      const answers = await answersOf(JSON.stringify(sent));
      expectResponses(answers, sent.id);
      for (const { error } of answers as { error?: { code: number } }[])
        if (error === undefined) seen.results++;
        else seen.errors.set(error.code, (seen.errors.get(error.code) ?? 0) + 1);
    }),
    { numRuns: 3_000 },
  );
  // It walked where it was to walk: what works, and every way in which it does not.
  expect(seen.results).toBeGreaterThan(200);
  expect([...seen.errors.keys()]).toEqual(
    expect.arrayContaining([-32_600, -32_601, -32_602, -32_001, -32_003, -32_004]),
  );
});

it("bodies that are anything", async () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(call, { maxLength: 3 }).map((calls) => JSON.stringify(calls)),
    call.chain((sent) => {
      const text = JSON.stringify(sent);
      return fc.nat({ max: text.length }).map((length) => text.slice(0, length));
    }),
  );
  expect.hasAssertions();
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const answers = await answersOf(text);
      expectResponses(answers, (answers[0] as { id: unknown }).id);
    }),
    { numRuns: 1_000 },
  );
});

it("paths and queries of the other binding", async () => {
  const path = fc.oneof(
    fc
      .tuple(fc.constantFrom("tasks", "message:send", "message:stream", "extendedAgentCard"), id)
      .map(([one, two]) => `${one}/${encodeURIComponent(two.toWellFormed())}`),
    fc
      .tuple(id, fc.constantFrom("", ":cancel", ":subscribe", ":x", "/pushNotificationConfigs"))
      .map(([one, verb]) => `tasks/${encodeURIComponent(one.toWellFormed())}${verb}`),
    fc.constantFrom("tasks", "message:send", "message:stream", "message:", "tasks/"),
  );
  const query = fc.dictionary(
    fc.constantFrom("pageSize", "pageToken", "status", "tenant", "historyLength", "contextId", "x"),
    fc.string(),
    { maxKeys: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      path,
      query,
      fc.constantFrom("GET", "POST", "DELETE"),
      mostly(params),
      async (where, asked, verb, body) => {
        const search = new URLSearchParams(asked);
        const response = await app.request(`/a2a/helper/${where}?${search.toString()}`, {
          method: verb,
          headers: { "A2A-Version": "1.0", "content-type": "application/json" },
          ...(verb === "POST" && { body: JSON.stringify(body) }),
        });
        expect(response.status).toBeLessThan(500);
        const streamed = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
        const text = streamed ? await start(response) : await response.text();
        const parsed: unknown = streamed || text === "" ? {} : JSON.parse(text);
        expect(response.status < 400 || "error" in (parsed as object)).toBe(true);
      },
    ),
    { numRuns: 1_500 },
  );
});
