/**
 * An OpenAPI walker: requests made of the document, right ones, wrong ones and hostile ones. Whatever is asked, the server
 * answers as the document says, and never with a defect.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readDocument, type Document, type Operation } from "./document.ts";
import { openStage, type Stage } from "./stage.ts";

const requests = Number(process.env["WALKER_REQUESTS"] ?? 20_000);
const seed = Number(process.env["WALKER_SEED"] ?? Date.now() % 1_000_000);

let stage: Stage;
let document: Document;
/** Ids of what is there. */
const known: Record<string, string[]> = {
  task: [],
  agent: ["clerk"],
  tool: ["pay", "echo"],
  input: [],
  name: [],
};

beforeAll(async () => {
  stage = await openStage();
  document = readDocument((await stage.ask("/openapi.json")).body);
  for (const message of ["hello", "pay 1", "ask what?", "help 2", "large", "echo x"]) {
    const { task } = await stage.forge.submit(stage.forge.agents.get("clerk") ?? never(), message);
    known["task"]?.push(task);
  }
  await vi.waitFor(
    async () => {
      const running = await stage.forge.list({ states: ["submitted", "working"] });
      // The one that waits for its sub-agent goes on working.
      if (running.length > 1) throw new Error(`${running.length} tasks are not where they wait`);
    },
    { timeout: 30_000 },
  );
  for (const task of known["task"] ?? []) {
    const { artifacts } = (await stage.ask(`/api/v1/tasks/${task}`)).body as {
      artifacts: { name: string }[];
    };
    known["name"]?.push(...artifacts.map(({ name }) => name));
  }
  for (const { pending } of await stage.forge.list({ states: ["input-required"] }))
    known["input"]?.push(...pending.map(({ id }) => id));
}, 60_000);

afterAll(() => stage[Symbol.asyncDispose]());

function never(): never {
  throw new Error("there is no clerk");
}

const hostile = fc.oneof(
  fc.constantFrom(
    "",
    "..",
    "../../etc/passwd",
    "%00",
    "\u0000",
    "\ud800",
    "__proto__",
    "constructor",
    "' or 1=1 --",
    "-1",
    "1e999",
    "NaN",
    "[object Object]",
    "💥",
    "\r\nX-Evil: 1",
    "null",
    "true",
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.bigInt().map(String),
);
const value = fc.oneof(
  { depthSize: "small" },
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom({}, [], null, 0, "", { message: "" }),
);

/** Values that a schema of the document describes, mostly; half of the time something near it. */
function valueOf(schema: Record<string, unknown>, depth = 0): fc.Arbitrary<unknown> {
  const { $ref, type, properties, items, anyOf, oneOf } = schema as {
    $ref?: string;
    type?: string;
    properties?: Record<string, Record<string, unknown>>;
    items?: Record<string, unknown>;
    anyOf?: Record<string, unknown>[];
    oneOf?: Record<string, unknown>[];
  };
  if (depth > 4) return value;
  if ($ref !== undefined) return valueOf(document.schemas[$ref.split("/").at(-1) ?? ""] ?? {}, depth + 1);
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((one) => valueOf(one, depth + 1)));
  if (properties !== undefined) {
    const required = (schema["required"] as string[] | undefined) ?? [];
    const members = Object.entries(properties).map(([name, one]) => [name, valueOf(one, depth + 1)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: required });
  }
  switch (type) {
    case "string":
      return fc.oneof(fc.constantFrom("hello", "pay 2", "echo x"), fc.string({ maxLength: 30 }));
    case "integer":
    case "number":
      return fc.integer({ min: -2, max: 1_000 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valueOf(items ?? {}, depth + 1), { maxLength: 3 });
    default:
      return value;
  }
}

interface Asked {
  readonly operation: Operation;
  readonly url: string;
  readonly init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
  };
}

function requestOf(operation: Operation): fc.Arbitrary<Asked> {
  const filled = operation.parameters.map((parameter) => {
    const good =
      parameter.in === "path"
        ? fc.constantFrom(...(known[parameter.name] ?? ["x"]))
        : valueOf(parameter.schema).map(textOf);
    const given = fc.oneof({ arbitrary: good, weight: 3 }, { arbitrary: hostile, weight: 1 });
    return fc
      .option(given, { nil: undefined, freq: parameter.in === "path" ? 1_000 : 2 })
      .map((text) => ({ parameter, text }));
  });
  const types = Object.keys(operation.body);
  const body =
    types.length === 0
      ? fc.constant(undefined)
      : fc.option(
          fc.constantFrom(...types).chain((type) => {
            const good = valueOf(operation.body[type] ?? {}).map((one) =>
              type === "text/plain" ? textOf(one) : JSON.stringify(one),
            );
            const sent = fc.oneof(
              { arbitrary: good, weight: 4 },
              { arbitrary: value.map((one) => JSON.stringify(one)), weight: 1 },
              { arbitrary: hostile, weight: 1 },
            );
            const stated = fc.oneof(
              { arbitrary: fc.constant(type), weight: 8 },
              { arbitrary: fc.constantFrom("text/html", "application/json; charset=latin1", ""), weight: 1 },
            );
            return fc.record({ type: stated, text: sent });
          }),
          { nil: undefined, freq: 15 },
        );
  const accept = fc.constantFrom(
    "application/json",
    "*/*",
    "text/plain",
    "text/event-stream",
    "image/png",
    "",
  );
  return fc.record({ filled: fc.tuple(...filled), body, accept }).map((made) => {
    let path = operation.path;
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    for (const { parameter, text = "" } of made.filled.filter(
      (one) => one.text !== undefined || one.parameter.in === "path",
    )) {
      if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encoded(text));
      else if (parameter.in === "query") query.append(parameter.name, text);
      else if (/^[\u0020-\u007e]*$/.test(text)) headers[parameter.name] = text;
    }
    if (made.accept !== "") headers["accept"] = made.accept;
    if (made.body !== undefined && made.body.type !== "") headers["content-type"] = made.body.type;
    // Nobody waits for answers here.
    if (operation.operationId.startsWith("chat")) query.set("wait", "0");
    const init = {
      method: operation.method.toUpperCase(),
      headers,
      ...(made.body !== undefined && { body: made.body.text }),
    };
    return { operation, url: `${path}?${query.toString()}`, init };
  });
}

/** A value as text. `String` can't write an object that has a member `toString`. */
function textOf(one: unknown): string {
  return typeof one === "string" ? one : JSON.stringify(one);
}

function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : encodeURIComponent(text.toWellFormed());
}

/** What is wrong with the answer. */
async function flawOf({ operation, url, init }: Asked): Promise<string | undefined> {
  const stop = new AbortController();
  const response = await stage.app.request(url, { ...init, signal: stop.signal });
  const mediaType = response.headers.get("content-type")?.split(";", 1)[0];
  if (mediaType === "text/event-stream") {
    await response.body?.cancel();
    return operation.responses[String(response.status)]?.content?.["text/event-stream"] === undefined
      ? "no stream was announced"
      : undefined;
  }
  const text = await response.text();
  if (response.status >= 500) return `${response.status}: ${text}`;
  // A path whose parameter is empty, or "..", is another path.
  if (response.status === 404 && text.includes("ROUTE_NOT_FOUND")) return undefined;
  if (response.status === 405) return undefined;
  const path = new URL(url, "http://localhost").pathname;
  const isOther = path.split("/").length !== operation.path.split("/").length;
  return isOther ? undefined : document.flawOf(operation, response.status, mediaType ?? undefined, text);
}

it(`answers ${requests} generated requests as its document says`, async () => {
  const flaws: string[] = [];
  const any = fc.oneof(...document.operations.map(requestOf));
  for (const one of fc.sample(any, { numRuns: requests, seed })) {
    const flaw = await flawOf(one);
    if (flaw !== undefined) flaws.push(`${one.init.method} ${one.url} ${JSON.stringify(one.init)}: ${flaw}`);
  }
  expect(flaws.slice(0, 5), `seed ${seed}`).toEqual([]);
}, 600_000);
