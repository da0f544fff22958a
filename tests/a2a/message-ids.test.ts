/** A message's id is its idempotency key (3.3.1): the same again does nothing, another one under it is refused. */
import { RequestMalformedError } from "@a2a-js/sdk/errors";
import { defineAgent } from "omniforge";
import { describe, expect, it } from "vitest";
import { collect, gate } from "./gates.ts";
import {
  answerOf,
  data,
  file,
  message,
  openStage,
  request,
  stateOf,
  taskOf,
  text,
  transports,
} from "./stage.ts";

const helper = defineAgent({ name: "helper", instructions: "Help." });
const other = defineAgent({ name: "other", instructions: "Help." });

describe.each(transports)("over %s", (transport) => {
  it("the same message twice finds the same task", async () => {
    let calls = 0;
    await using stage = await openStage([helper], () => ({ text: `call ${++calls}` }));
    const client = await stage.client("helper", transport);
    const hello = message("Hello");
    const [first, second] = [
      taskOf(await client.sendMessage(request(hello))),
      taskOf(await client.sendMessage(request(hello))),
    ];
    expect(second).toEqual(first);
    expect(calls).toBe(1);
    const [again, ...rest] = await collect(client.sendMessageStream(request(hello)));
    expect(again?.payload).toMatchObject({ $case: "task", value: { id: first.id } });
    expect(rest).toEqual([]);
  });

  it("twenty at once make one task", async () => {
    await using stage = await openStage([helper], () => ({ text: "done" }));
    const client = await stage.client("helper", transport);
    const hello = message("Hello");
    const sent = await Promise.all(Array.from({ length: 20 }, () => client.sendMessage(request(hello))));
    expect(new Set(sent.map((one) => taskOf(one).id)).size).toBe(1);
    expect(await stage.forge.list()).toHaveLength(1);
  });

  it("another message under its id is refused, whatever differs", async () => {
    await using stage = await openStage([helper, other], () => ({ text: "done" }));
    const client = await stage.client("helper", transport);
    const large = "x".repeat(100_000);
    const parts = [text("Look"), file(large, "text/plain", "a.txt"), data({ a: [1, { b: null }] })];
    const sent = message(parts, { contextId: "talk" });
    const { id } = taskOf(await client.sendMessage(request(sent)));
    expect(taskOf(await client.sendMessage(request({ ...sent, contextId: "" }))).id).toBe(id);
    const others = [
      { ...sent, contextId: "another talk" },
      { ...sent, parts: parts.slice(0, 2) },
      { ...sent, parts: [text("Look!"), ...parts.slice(1)] },
      {
        ...sent,
        parts: [
          parts[0] ?? text(""),
          file(`${large}y`, "text/plain", "a.txt"),
          data({ a: [1, { b: null }] }),
        ],
      },
      { ...sent, parts: [...parts.slice(0, 2), data({ a: [1, { b: 0 }] })] },
    ];
    for (const one of others)
      await expect(client.sendMessage(request(one))).rejects.toBeInstanceOf(RequestMalformedError);
    expect(await stage.forge.list()).toHaveLength(1);
    const elsewhere = await stage.client("other", transport);
    expect(taskOf(await elsewhere.sendMessage(request(sent))).id).not.toBe(id);
  });

  it("a message to a running task is said once", async () => {
    const [asked, held] = [gate(), gate()];
    await using stage = await openStage([helper], async ({ said, turn }) => {
      asked.open();
      if (turn === 1) await held.passed;
      return { text: said.join(", ") };
    });
    const client = await stage.client("helper", transport);
    const { id } = taskOf(await client.sendMessage(request("one", { returnImmediately: true })));
    await asked.passed;
    const more = message("two", { taskId: id });
    const sent = [1, 2, 3].map(() => client.sendMessage(request(more, { returnImmediately: true })));
    await Promise.all(sent);
    await expect(
      client.sendMessage(request({ ...more, parts: [text("three")] }, { returnImmediately: true })),
    ).rejects.toBeInstanceOf(RequestMalformedError);
    held.open();
    const done = taskOf(await client.sendMessage(request(more)));
    expect([stateOf(done), answerOf(done)]).toEqual(["TASK_STATE_COMPLETED", "one, two"]);
    expect(taskOf(await client.sendMessage(request(more))).id).toBe(id);
  });

  it("tenants do not share ids", async () => {
    await using stage = await openStage([helper], () => ({ text: "done" }), {
      authenticate: ({ req }) => ({ tenant: req.header("x-tenant") ?? "default", role: "admin" }),
    });
    const as =
      (tenant: string): typeof fetch =>
      async (input, init) => {
        const headers = new Headers(init?.headers);
        headers.set("x-tenant", tenant);
        return fetch(input, { ...init, headers });
      };
    const hello = message("Hello");
    const ids = [];
    for (const tenant of ["acme", "globex", "acme"]) {
      const client = await stage.client("helper", transport, as(tenant));
      ids.push(taskOf(await client.sendMessage(request(hello))).id);
    }
    expect(new Set(ids).size).toBe(2);
    expect(ids[2]).toBe(ids[0]);
  });
});
