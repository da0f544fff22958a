/** Spans as an SDK of OpenTelemetry gets them: by the GenAI conventions, and without a word that anybody said. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly status: number;
  readonly trace: string;
  readonly took: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

// The numbers that OpenTelemetry gives them.
const [internal, server, client] = [0, 1, 2];
const failed = 2;

let text: string;
let tasks: readonly string[];
let spans: readonly Span[];

beforeAll(async () => {
  const program = join(import.meta.dirname, "traced-program.ts");
  ({ stdout: text } = await promisify(execFile)(process.execPath, [
    "--conditions=omniforge:source",
    program,
  ]));
  ({ tasks, spans } = JSON.parse(text) as { tasks: string[]; spans: Span[] });
}, 60_000);

const of = (task: string | undefined): Span[] =>
  spans.filter(({ attributes }) => attributes["gen_ai.conversation.id"] === task);

describe("a traced server", () => {
  it("has a span for each model call and tool call, in the trace of the task", () => {
    const own = of(tasks[0]);
    expect(own.map(({ name, kind }) => [name, kind])).toEqual([
      ["chat test", client],
      ["execute_tool echo", internal],
      ["chat test", client],
    ]);
    expect(own[0]?.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "scripted",
      "gen_ai.request.model": "test",
      "gen_ai.agent.name": "clerk",
      "gen_ai.usage.input_tokens": expect.any(Number) as unknown,
    });
    expect(new Set(own.map(({ trace }) => trace)).size).toBe(1);
    for (const { took } of own) expect(took).toBeGreaterThanOrEqual(0);
  });

  it("has a span for each request, named by its route", () => {
    const requests = spans.filter(({ kind }) => kind === server);
    expect(requests.map(({ name }) => name)).toEqual(["POST submitTask", "POST submitTask", "GET getTask"]);
    expect(requests.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([
      201, 201, 404,
    ]);
  });

  it("marks what failed, by its code", () => {
    const wrong = of(tasks[1]).filter(({ status }) => status === failed);
    expect(wrong.map(({ attributes }) => attributes["error.type"])).toEqual(["MODEL_REFUSED"]);
  });

  it("tells no span what anybody said", () => {
    expect(text).not.toContain("CANARY");
  });
});
