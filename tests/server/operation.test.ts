/** The server apart from tasks: health, metrics, and what browsers may do to it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStage, type Answered, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage[Symbol.asyncDispose]());

const api = "/api/v1";

const codeOf = ({ status, body }: Answered): unknown[] => [
  status,
  (body as { code?: string } | undefined)?.code,
];

describe("the server itself", () => {
  it("says that it lives, whether it can work, and what it has counted", async () => {
    expect((await stage.ask("/healthz")).body).toEqual({ status: "ok" });
    expect((await stage.ask("/readyz")).body).toEqual({
      status: "ready",
      store: "ok",
      engine: "ok",
      workers: "ok",
    });
    await stage.ask(`${api}/agents/clerk/tasks`, { body: { message: "hello SECRET-WORDS" } });
    const { text } = await stage.ask("/metrics");
    expect(text).toMatch(/^omniforge_tasks_created_total 1$/m);
    expect(text).toMatch(
      /^omniforge_http_requests_total\{route="submitTask",method="POST",status="201"\} 1$/m,
    );
    expect(text).not.toContain("SECRET-WORDS");
  });

  it("is not ready once nothing can be written, nor while it stops", async () => {
    stage.app.stop();
    expect([(await stage.ask("/readyz")).status, (await stage.ask("/readyz")).body]).toMatchObject([
      503,
      { status: "stopping" },
    ]);
    await stage.forge.close();
    await expect
      .poll(async () => (await stage.ask("/readyz")).body, { timeout: 5_000 })
      .toMatchObject({ store: "failed" });
    expect((await stage.ask("/healthz")).status).toBe(200);
  });

  it.each([
    ["the name of another host", { host: "evil.example" }, 421, "HOST_REFUSED"],
    ["a page of another origin", { origin: "https://evil.example" }, 403, "ORIGIN_REFUSED"],
    ["a page without an origin", { origin: "null" }, 403, "ORIGIN_REFUSED"],
  ])("refuses %s", async (_what, headers, status, code) => {
    const host = "host" in headers ? headers.host : "localhost";
    const response = await stage.app.request(`http://${host}${api}/tasks`, { headers });
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  });

  it("says which methods a path takes, and that a path is not there", async () => {
    const put = await stage.ask(`${api}/tasks`, { method: "PUT" });
    expect([put.status, put.headers.get("allow")]).toEqual([405, "GET"]);
    expect(codeOf(await stage.ask("/nothing"))).toEqual([404, "ROUTE_NOT_FOUND"]);
  });
});

it("allows the origins that are configured, and no others", async () => {
  await using other = await openStage({ server: { origins: ["https://app.example.com"] } });
  const headers = { origin: "https://app.example.com", "access-control-request-method": "POST" };
  const before = await other.app.request(`${api}/tasks`, { method: "OPTIONS", headers });
  expect([before.status, before.headers.get("access-control-allow-origin")]).toEqual([
    204,
    "https://app.example.com",
  ]);
  const asked = await other.app.request(`${api}/tasks`, { headers: { origin: "https://app.example.com" } });
  expect(asked.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
  const evil = await other.app.request(`${api}/tasks`, {
    method: "OPTIONS",
    headers: { ...headers, origin: "https://evil.example" },
  });
  expect([evil.status, evil.headers.get("access-control-allow-origin")]).toEqual([403, null]);
});
