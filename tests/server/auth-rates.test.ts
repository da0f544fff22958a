import * as fc from "fast-check";
import { Hono } from "hono";
import { clerk, openAuthStage } from "./auth-stage.ts";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { problemResponse } from "../../packages/omniforge/src/server/problem.ts";
import { describe, expect, it } from "vitest";
import { limitRate } from "../../packages/omniforge/src/server/auth/by-key.ts";
import { tokenBuckets } from "../../packages/omniforge/src/server/auth/token-buckets.ts";
import type { ServerEnv } from "../../packages/omniforge/src/server/env.ts";

describe("a token bucket", () => {
  it("gives its quota at once, then as much as the window regains", () => {
    let now = 0;
    const buckets = tokenBuckets({ quota: 2, windowSeconds: 10 }, () => now);
    expect(buckets.take("a")).toEqual({ allowed: true, remaining: 1, fullInSeconds: 5, nextInSeconds: 0 });
    expect(buckets.take("a")).toEqual({ allowed: true, remaining: 0, fullInSeconds: 10, nextInSeconds: 5 });
    expect(buckets.take("a")).toEqual({ allowed: false, remaining: 0, fullInSeconds: 10, nextInSeconds: 5 });
    expect(buckets.take("b").allowed).toBe(true);
    now = 5_000;
    expect(buckets.look("a")).toMatchObject({ allowed: true, remaining: 1 });
    expect(buckets.take("a").allowed).toBe(true);
    expect(buckets.take("a").allowed).toBe(false);
  });

  it("allows who waits exactly as long as was said, though a token's share of the window is no binary fraction", () => {
    let now = 0;
    const buckets = tokenBuckets({ quota: 1, windowSeconds: 11 }, () => now);
    buckets.take("a");
    now = buckets.take("a").nextInSeconds * 1_000;
    expect([now, buckets.look("a").allowed]).toEqual([11_000, true]);
  });

  it("never gives more than quota + what the time regains, whatever the times, and always what it said", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: -3_000, max: 3_000 }), { maxLength: 100 }),
        (quota, windowSeconds, steps) => {
          let [now, latest, given, broken] = [0, 0, 0, 0];
          const buckets = tokenBuckets({ quota, windowSeconds }, () => now);
          for (const step of steps) {
            now += step;
            latest += Math.max(0, step);
            const { allowed, nextInSeconds } = buckets.take("a");
            if (allowed) given++;
            else {
              now += nextInSeconds * 1_000;
              latest += nextInSeconds * 1_000;
              if (!buckets.look("a").allowed) broken++;
            }
          }
          expect(broken).toBe(0);
          expect(given).toBeLessThanOrEqual(quota + (latest / 1_000) * (quota / windowSeconds) + 1e-6);
        },
      ),
    );
  });

  it("is forgotten when ten thousand others were used since: memory is bounded", () => {
    const buckets = tokenBuckets({ quota: 1, windowSeconds: 1_000 }, () => 0);
    buckets.take("first");
    for (let at = 0; at < 9_999; at++) buckets.take(`${at}`);
    expect(buckets.look("first").allowed).toBe(false);
    buckets.take("one more");
    expect(buckets.look("first").allowed).toBe(true);
  });
});

describe("a tenant's rate", () => {
  const app = (tenant: { name: string; key?: string }): Hono<ServerEnv> => {
    const made = new Hono<ServerEnv>();
    made.use(async (context, next) => {
      context.set("caller", { tenant: tenant.name, role: "viewer", ...(tenant.key && { key: tenant.key }) });
      await next();
    });
    made.use(limitRate({ quota: 2, windowSeconds: 60 }, () => 0));
    made.get("/", () => new Response("data", { headers: { "x-own": "kept" } }));
    made.get("/broken", () => {
      throw new Error("broken");
    });
    made.onError((error) => problemResponse(error));
    return made;
  };

  it("is told on every answer, as the draft for RateLimit header fields has it", async () => {
    const response = await app({ name: "acme", key: "a" }).request("/");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "ratelimit-policy": '"tenant";q=2;w=60',
      ratelimit: '"tenant";r=1;t=30',
      "x-own": "kept",
    });
    const broken = await app({ name: "acme", key: "a" }).request("/broken");
    expect([broken.status, broken.headers.get("ratelimit")]).toEqual([500, '"tenant";r=1;t=30']);
  });

  it("is one for all its keys, and another for another tenant", async () => {
    const tenant = { name: "acme", key: "a" };
    const limited = app(tenant);
    await limited.request("/");
    tenant.key = "b";
    await limited.request("/");
    const refused = await limited.request("/");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("30");
    expect(refused.headers.get("ratelimit")).toBe('"tenant";r=0;t=60');
    expect(await refused.json()).toMatchObject({ code: "RATE_LIMITED", retryable: true, status: 429 });
    tenant.name = "other";
    expect((await limited.request("/")).status).toBe(200);
  });

  it.each([
    ["/api/v1/tasks", "GET", "application/problem+json", { code: "RATE_LIMITED", status: 429 }],
    [
      `/a2a/${clerk.name}`,
      "POST",
      "application/json",
      { jsonrpc: "2.0", id: null, error: { code: -32_600 } },
    ],
    [
      `/a2a/${clerk.name}/tasks`,
      "GET",
      "application/a2a+json",
      { error: { code: 429, status: "RESOURCE_EXHAUSTED" } },
    ],
  ])("is refused in the words of what is spoken at %s", async (path, method, type, body) => {
    await using stage = await openAuthStage(["acme"], {
      server: { extensions: [a2a()], guards: [limitRate({ quota: 1, windowSeconds: 60 }, () => 0)] },
    });
    const ask = (): Promise<Response> =>
      Promise.resolve(
        stage.app.request(path, { method, headers: { authorization: stage.key("acme", "viewer") } }),
      );
    await ask();
    const refused = await ask();
    expect([refused.status, refused.headers.get("content-type"), await refused.json()]).toMatchObject([
      429,
      type,
      body,
    ]);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      "retry-after": "60",
      "ratelimit-policy": '"tenant";q=1;w=60',
      ratelimit: '"tenant";r=0;t=60',
    });
  });

  it("does not bind who needs no key", async () => {
    const limited = app({ name: "default" });
    for (let count = 0; count < 5; count++) {
      const response = await limited.request("/");
      expect([response.status, response.headers.get("ratelimit")]).toEqual([200, null]);
    }
  });
});
