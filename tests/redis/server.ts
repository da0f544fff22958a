/**
 * A real Redis server for tests: the one that OMNIFORGE_TEST_REDIS names, else one of the calling file's own from a local
 * binary, on a free port, in a folder that is thrown away; it keeps nothing on disk.
 *
 * Without either the tests skip, visibly and with the reason; in CI that is a failure.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "redis";
import { freePort } from "../free-port.ts";

export interface TestServer {
  readonly address: string;
  /** Asks the server something, beside all others. */
  ask(...parts: readonly string[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** A server of the test's own, which can be ill-treated. */
export interface OwnServer extends TestServer {
  /** As `kill -9` does: it has forgotten everything when it starts again. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Lets it stand still, and go on. */
  pause(): void;
  continue(): void;
}

const given = process.env["OMNIFORGE_TEST_REDIS"];
const binary = findBinary();
const missing =
  "no Redis server: set OMNIFORGE_TEST_REDIS to an address, or install its binary (the package redis-server)";
const isCI = process.env["CI"] === "true";

/** Appended to the names of suites that need a server: why they were skipped, or nothing. In CI they fail instead. */
export const skipped = given === undefined && binary === undefined && !isCI ? ` (skipped: ${missing})` : "";
/** The same for suites that kill theirs. */
export const skippedOwn =
  binary === undefined && !isCI ? ` (skipped: ${missing}, which can't be killed)` : "";

export async function startRedis(): Promise<TestServer> {
  if (given === undefined) return startOwn();
  return { address: given, ask: asker(given), stop: () => Promise.resolve() };
}

/** `more`: settings, as on its command line. */
export async function startOwn(...more: readonly string[]): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-redis-"));
  const port = await freePort();
  const address = `redis://127.0.0.1:${port}`;
  const launch = (): Promise<ChildProcess> => startProcess(folder, port, more);
  let running = await launch();
  // A test that was cut off leaves no server behind.
  const abandon = (): void => void running.kill("SIGKILL");
  process.once("exit", abandon);
  const kill = async (): Promise<void> => {
    if (running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, "exit");
    running.kill("SIGKILL");
    await exited;
  };
  return {
    address,
    ask: asker(address),
    kill,
    async start() {
      running = await launch();
    },
    pause: () => void running.kill("SIGSTOP"),
    continue: () => void running.kill("SIGCONT"),
    async stop() {
      process.off("exit", abandon);
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startProcess(folder: string, port: number, more: readonly string[]): Promise<ChildProcess> {
  if (binary === undefined) throw new Error(missing);
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...more];
  const child = spawn(binary, settings, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes("Ready to accept connections")) {
      child.stdout.resume();
      return child;
    }
    said += `${line}\n`;
  }
  throw new Error(`Redis does not start: ${said}`);
}

function asker(address: string): TestServer["ask"] {
  return async (...parts) => {
    const client = createClient({ url: address, socket: { reconnectStrategy: false } });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(parts);
    } finally {
      client.destroy();
    }
  };
}

function findBinary(): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "redis-server"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
