/** Fifty planted secrets, and everything that a server says: none of them is in any of it. */
import { createClient } from "omniforge/client";
import type { Task, TaskEvent } from "omniforge/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { a2a } from "../../packages/omniforge/src/server/a2a/index.ts";
import { mask } from "../../packages/omniforge/src/redaction/known-secrets.ts";
import { serverRoutes as routes } from "../../packages/omniforge/src/server/app.ts";
import { answered, environment, order, plantedAgent, plantedModel, redact, secrets } from "./auth-planted.ts";
import { openAuthStage, type AuthStage } from "./auth-stage.ts";
import { recordSpans } from "./span-recorder.ts";

let stage: AuthStage;
let task: Task;
const events: TaskEvent[] = [];
const logged: string[] = [];

const spans = recordSpans();

beforeAll(async () => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    vi.spyOn(stream, "write").mockImplementation((...given: Parameters<typeof write>) => {
      logged.push(String(given[0]));
      return write(...given);
    });
  }
  process.on("warning", note);
  stage = await openAuthStage(["acme", "other", "default"], {
    agents: [plantedAgent],
    models: { "planted:test": plantedModel() },
    model: "planted:test",
    redact,
    server: { extensions: [a2a()] },
  });
  const client = createClient({
    url: "http://localhost",
    key: stage.key("acme", "admin").replace("Bearer ", ""),
    fetch: async (...[url, init]: Parameters<typeof fetch>) =>
      stage.app.request(typeof url === "string" ? url : "", init),
  });
  const begun = await client.submit(plantedAgent.name, order);
  for await (const event of client.follow(begun.task, { descendants: true })) {
    events.push(event);
    if (event.type !== "entry" || event.entry.kind !== "request") continue;
    const { id, kind, arguments: asked } = event.entry.body;
    // What was shown masked goes back masked, and means what it was.
    const answer =
      kind === "approval"
        ? { decision: "approve" as const, arguments: asked ?? null }
        : { decision: "answer" as const, value: answered };
    await client.answer(event.task, id, answer);
  }
  task = await stage.forge.forTenant("acme").get(begun.task);
});

afterAll(async () => {
  process.off("warning", note);
  spans.stop();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await stage[Symbol.asyncDispose]();
});

function note(warning: Error): void {
  logged.push(`${warning.message} ${warning.stack ?? ""}`);
}

/** The places whose secrets stand in a text, as they are or as JSON writes them. */
function found(text: string): string[] {
  return [...secrets].flatMap(([place, secret]) =>
    [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)].some((form) =>
      text.includes(form),
    )
      ? [place]
      : [],
  );
}

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> | Response =>
  stage.app.request(path, { headers: { authorization: stage.key("acme", "admin"), ...headers } });

describe("planted secrets", () => {
  it("are fifty, and the task that meets them goes its whole way", () => {
    expect(secrets.size).toBeGreaterThanOrEqual(50);
    expect(task.state).toBe("completed");
  });

  it("are really there: in the agent, the log, its files and its errors", async () => {
    const forge = stage.forge.forTenant("acme");
    const kept = [JSON.stringify(plantedAgent.specSet("planted:test")), JSON.stringify(environment)];
    for await (const { task: one } of forge.each({ root: task.root })) {
      const log = await forge.log(one);
      kept.push(JSON.stringify(log));
      for (const entry of log)
        if (entry.kind === "result")
          for (const part of entry.body.parts)
            if (part.type === "reference") {
              const bytes = await forge.world.blobs.get({ tenant: "acme", task: one }, part.blob);
              kept.push(Buffer.from(bytes ?? []).toString());
            }
    }
    const there = found(kept.join("\n"));
    const missing = [...secrets.keys()].filter((place) => !there.includes(place));
    // These are never written down at all.
    expect(missing).toEqual(["a stack", "the cause of an error"]);
  });

  it("are in no event of a stream", () => {
    expect(events.length).toBeGreaterThan(40);
    expect(found(JSON.stringify(events))).toEqual([]);
    const deltas = events.flatMap((event) => (event.type === "delta" ? [event.text] : [])).join("");
    expect(found(deltas)).toEqual([]);
    expect(deltas).toContain("•••");
  });

  it.each(routes.map((route): [string, string] => [`${route.method} ${route.path}`, route.operation]))(
    "are in no answer of %s",
    async (_name, operation) => {
      const route = routes.find((one) => one.operation === operation);
      if (route === undefined) throw new Error("no route");
      const log = await stage.forge.forTenant("acme").log(task.task);
      const blobs = log.flatMap((entry) =>
        entry.kind === "result"
          ? entry.body.parts.flatMap((part) => (part.type === "reference" ? [part.blob.hash] : []))
          : [],
      );
      expect(blobs).toHaveLength(1);
      const values: Record<string, string> = {
        agent: plantedAgent.name,
        tool: "choose",
        task: task.task,
        input: "0",
      };
      for (const name of blobs) {
        const path = route.path.replaceAll(/\{(\w+)\}/g, (_whole, given: string) =>
          encodeURIComponent(given === "name" ? name : (values[given] ?? "")),
        );
        for (const accept of ["application/json", "text/event-stream"]) {
          const response = await stage.app.request(path, {
            method: route.method.toUpperCase(),
            headers: {
              authorization: stage.key("acme", route.method === "delete" ? "developer" : "admin"),
              accept: route.method === "get" ? accept : "application/json",
              ...(route.method === "post" && { "content-type": "application/json" }),
            },
            ...(route.method === "post" && { body: "{}" }),
          });
          const text = [...response.headers, await response.text()].join("\n");
          expect([operation, found(text)]).toEqual([operation, []]);
        }
      }
    },
  );

  it("are in nothing else that the server says: its document, its metrics, A2A, its log", async () => {
    const paths = [
      "/openapi.json",
      "/docs",
      "/readyz",
      "/.well-known/agent-card.json",
      `/a2a/${plantedAgent.name}/.well-known/agent-card.json`,
      `/a2a/${plantedAgent.name}/tasks/${task.task}`,
      `/a2a/${plantedAgent.name}/v1/tasks/${task.task}`,
      `/a2a/${plantedAgent.name}/tasks`,
      "/api/v1/nothing",
    ];
    for (const path of paths) {
      const text = await (await get(path, { "a2a-version": "1.0" })).text();
      expect([path, found(text)]).toEqual([path, []]);
    }
    const metrics = await (await get("/metrics", { authorization: stage.key("default", "admin") })).text();
    expect(metrics).toContain("omniforge_tokens_total");
    expect(found(metrics)).toEqual([]);
    const rpc = await stage.app.request(`/a2a/${plantedAgent.name}`, {
      method: "POST",
      headers: {
        authorization: stage.key("acme", "admin"),
        "content-type": "application/json",
        "a2a-version": "1.0",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "GetTask",
        params: { id: task.task, historyLength: 100 },
      }),
    });
    const text = await rpc.text();
    expect(text).toContain(task.task);
    expect(found(text)).toEqual([]);
    expect(found(logged.join("\n"))).toEqual([]);
  });

  it("are in no span", () => {
    expect(JSON.stringify(spans.told)).toContain("execute_tool pay");
    expect(found(JSON.stringify(spans.told))).toEqual([]);
  });

  it("leave a mask where they stood, and everything else as it was", () => {
    const text = JSON.stringify(events);
    expect(text).toContain(mask);
    expect(text).toContain('"holder":"A"');
    expect(text).toContain("Now one that is asked for.");
  });
});
