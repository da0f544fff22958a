/** A raw HTTP server that plays one stream to whoever asks, and sees how each connection ends. */
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Server-sent events, or any other body where the status is an error's. */
  readonly body: string;
  /** Events after which it goes quiet and keeps the connection open. */
  readonly stallAfter?: number;
  /** Events after which it ends the response as if that were all. */
  readonly endAfter?: number;
  /** Events after which the connection breaks. */
  readonly breakAfter?: number;
  /** Silence before the first byte, headers included. Milliseconds. */
  readonly delayMs?: number;
  /** Bytes at a time: cuts events, lines and characters in two. */
  readonly pieceBytes?: number;
}

export interface Asked {
  readonly url: string;
  readonly body: unknown;
  /** Resolves when the connection is gone: "closed" by the client before the answer was whole, or "finished". */
  readonly end: Promise<"closed" | "finished">;
}

export interface StreamServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
}

export function golden(name: string): string {
  return readFileSync(new URL(`./golden/${name}.sse`, import.meta.url), "utf8");
}

/** Gives each request the next answer, and the last one to all further ones. */
export async function streamServer(...answers: readonly Answer[]): Promise<StreamServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const end = new Promise<"closed" | "finished">((resolve) =>
        response.on("close", () => resolve(response.writableFinished ? "finished" : "closed")),
      );
      asked.push({
        url: request.url ?? "",
        body: JSON.parse(Buffer.concat(chunks).toString() || "null") as unknown,
        end,
      });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer !== undefined) void play(answer, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function play(answer: Answer, response: ServerResponse): Promise<void> {
  const { status = 200, headers = {}, body, delayMs = 0 } = answer;
  if (delayMs > 0) await wait(delayMs);
  if (response.closed) return;
  const type = status === 200 ? "text/event-stream" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers });
  if (status !== 200) return void response.end(body);
  const events = body.split(/(?<=\n\n)/);
  const count = answer.stallAfter ?? answer.endAfter ?? answer.breakAfter ?? events.length;
  await write(response, events.slice(0, count).join(""), answer.pieceBytes);
  if (answer.stallAfter !== undefined) return;
  if (answer.breakAfter !== undefined) response.destroy();
  else response.end();
}

async function write(response: ServerResponse, text: string, pieceBytes?: number): Promise<void> {
  const bytes = Buffer.from(text);
  const size = pieceBytes ?? bytes.length;
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    if (pieceBytes !== undefined) await wait(0);
  }
  // What was written must have left before the connection breaks.
  await wait(20);
}
