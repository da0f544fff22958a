/** Adapter × broken connection, against a raw server that sees how each connection ends. */
import { describe, expect, it } from "vitest";
import type { Part } from "../../packages/omniforge/src/protocol/message.ts";
import { adapters, modelAt, type Adapter } from "./adapters.ts";
import { attempt, failureOf, type Attempted, type AttemptOptions } from "./attempt.ts";
import { golden, streamServer, type Answer, type StreamServer } from "./stream-server.ts";

const calledOff = new Error("the task was cancelled");

describe.each(adapters)("$name", (adapter) => {
  it("closes the connection when the call is cancelled while it streams", async () => {
    await using server = await playing(adapter, { stallAfter: 5 });
    const cancel = new AbortController();
    const attempted = ask(adapter, server, { signal: cancel.signal });
    await asked(server);
    setTimeout(() => cancel.abort(calledOff), 100);
    await expect(attempted).rejects.toBe(calledOff);
    expect(await server.asked[0]?.end).toBe("closed");
  });

  it("closes the connection when the call is cancelled before the first byte", async () => {
    await using server = await playing(adapter, { delayMs: 60_000 });
    const cancel = new AbortController();
    const attempted = ask(adapter, server, { signal: cancel.signal });
    await asked(server);
    cancel.abort(calledOff);
    await expect(attempted).rejects.toBe(calledOff);
    expect(await server.asked[0]?.end).toBe("closed");
  });

  it("asks nobody when the call was cancelled before it began", async () => {
    await using server = await playing(adapter, {});
    await expect(ask(adapter, server, { signal: AbortSignal.abort(calledOff) })).rejects.toBe(calledOff);
    expect(server.asked).toHaveLength(0);
  });

  it("gives up a stream that goes quiet, and closes the connection", async () => {
    await using server = await playing(adapter, { stallAfter: 4 });
    const failure = await failureOf(ask(adapter, server, { idleTimeoutMs: 200 }));
    expect(failure).toMatchObject({ message: "the model was silent for 200 ms", retryable: true });
    expect(await server.asked[0]?.end).toBe("closed");
    expect(server.asked).toHaveLength(1);
  });

  it("gives up a call whose time is over, and closes the connection", async () => {
    await using server = await playing(adapter, { stallAfter: 4 });
    const failure = await failureOf(ask(adapter, server, { timeoutMs: 1_500 }));
    expect(failure).toMatchObject({ message: "the model gave no reply within 1500 ms", retryable: true });
    expect(await server.asked[0]?.end).toBe("closed");
  });

  it("does not take a stream for a reply that ends as if it were whole", async () => {
    const { calls, spare } = adapter.golden;
    const whole = golden(calls).match(/^(data|:)/gm)?.length ?? 0;
    for (let endAfter = 0; endAfter < whole - spare; endAfter++) {
      await using server = await playing(adapter, { endAfter });
      const failure = await failureOf(ask(adapter, server));
      expect(failure, `after ${endAfter} events`).toMatchObject({ retryable: true, contextFull: false });
    }
  });

  it("does not take a stream for a reply whose connection breaks", async () => {
    await using server = await playing(adapter, { breakAfter: 4 });
    expect(await failureOf(ask(adapter, server))).toMatchObject({ retryable: true, contextFull: false });
    expect(server.asked).toHaveLength(1);
  });

  it("fails for another attempt where nothing listens", async () => {
    const server = await playing(adapter, {});
    await server[Symbol.asyncDispose]();
    const failure = await failureOf(ask(adapter, server));
    expect(failure).toMatchObject({ retryable: true });
    expect(failure.message).toContain("ECONNREFUSED");
  });

  it("fails for another attempt where something else answers", async () => {
    await using server = await streamServer({
      body: "<html>Sign in</html>",
      headers: { "content-type": "text/html" },
    });
    expect(await failureOf(ask(adapter, server))).toMatchObject({ retryable: true });
  });

  it("puts together what arrives in pieces that cut lines and characters", async () => {
    await using server = await playing(adapter, { pieceBytes: 31 });
    const { reply } = await ask(adapter, server);
    await using whole = await playing(adapter, {});
    const expected = (await ask(adapter, whole)).reply;
    expect(withoutIds(reply.parts)).toEqual(withoutIds(expected.parts));
    expect(reply.usage).toEqual(expected.usage);
  });
});

function playing({ golden: { calls } }: Adapter, how: Partial<Answer>): Promise<StreamServer> {
  return streamServer({ body: golden(calls), ...how });
}

function ask(adapter: Adapter, server: StreamServer, options: AttemptOptions = {}): Promise<Attempted> {
  return attempt(modelAt(adapter, server.url), { reference: adapter.reference, ...options });
}

async function asked(server: StreamServer): Promise<void> {
  await expect.poll(() => server.asked.length).toBe(1);
}

describe("a provider's package that gives up early", () => {
  it.each(["openai-responses-overflow", "openai-responses-failed"])(
    "does not leave the connection open (%s)",
    async (name) => {
      const responses = adapters[2];
      if (responses === undefined) throw new Error("there is no third adapter");
      await using server = await streamServer({ body: golden(name), stallAfter: 9 });
      await failureOf(ask(responses, server));
      expect(await server.asked[0]?.end).toBe("closed");
    },
  );
});

/** Google's format has no ids for calls: the package draws them. */
function withoutIds(parts: readonly Part[]): readonly Part[] {
  return parts.map((part) => (part.type === "tool-call" ? { ...part, callId: "" } : part));
}
