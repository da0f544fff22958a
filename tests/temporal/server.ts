/**
 * A real Temporal server for tests: the one that TEMPORAL_ADDRESS names, else a `temporal` binary, started on a free port.
 *
 * Without either the tests skip, visibly and with the reason; in CI that is a failure.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { freePort } from "../free-port.ts";

export interface TestServer {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  stop(): Promise<void>;
}

const given = process.env["TEMPORAL_ADDRESS"];
export const binary = given === undefined ? findBinary() : undefined;
const missing =
  "no Temporal server: set TEMPORAL_ADDRESS, or put a `temporal` binary on the PATH or into the cache's bin folder";

/** Appended to the names of suites that need a server: why they were skipped, or nothing. In CI they fail instead. */
export const skipped =
  given === undefined && binary === undefined && process.env["CI"] !== "true" ? ` (skipped: ${missing})` : "";

/** A test's time limit: a server, workers and their processes share whatever cores there are. Milliseconds. */
export const patience = 120_000;

/** Starts a server of its own for the calling file, or connects to the given one. `more`: of its command line. */
export async function startServer(more: readonly string[] = []): Promise<TestServer> {
  if (given !== undefined) return connect(given, () => Promise.resolve());
  const { address, kill } = await startProcess(await freePort(), more);
  return connect(address, kill);
}

export interface MortalServer extends TestServer {
  kill(): Promise<void>;
  /** Kills it if that was not done, and starts it again at the same address. */
  restart(): Promise<void>;
}

/** Starts a server that keeps its data in a file, to be killed and started again. None where a server was given. */
export async function startServerWithFile(file: string): Promise<MortalServer | undefined> {
  if (given !== undefined) return undefined;
  const port = await freePort();
  let current = await startProcess(port, ["--db-filename", file]);
  const server = await connect(current.address, () => current.kill());
  return {
    ...server,
    kill: () => current.kill(),
    async restart() {
      await current.kill();
      current = await startProcess(port, ["--db-filename", file]);
    },
  };
}

interface ServerProcess {
  readonly address: string;
  readonly kill: () => Promise<void>;
}

async function startProcess(port: number, more: readonly string[]): Promise<ServerProcess> {
  if (binary === undefined) throw new Error(missing);
  const child = spawn(binary, [...serverArguments, "--port", String(port), ...more], { stdio: "ignore" });
  // A test that was cut off leaves no server behind.
  const abandon = (): void => void child.kill("SIGKILL");
  process.once("exit", abandon);
  const kill = async (): Promise<void> => {
    process.off("exit", abandon);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { address: `127.0.0.1:${port}`, kill };
}

/** Without the poll settings every dispatch waits for up to 50 ms, and any figure is an artefact. */
const serverArguments = [
  "server start-dev --headless --ip 127.0.0.1 --log-level error",
  "--dynamic-config-value history.transferProcessorMaxPollRPS=100000",
  "--dynamic-config-value history.timerProcessorMaxPollRPS=100000",
  '--dynamic-config-value history.workflowIdReuseMinimalInterval="10ms"',
].flatMap((line) => line.split(" "));

async function connect(address: string, kill: () => Promise<void>): Promise<TestServer> {
  const namespace = process.env["TEMPORAL_NAMESPACE"] ?? "default";
  const connection = await reachable(address, namespace);
  return {
    address,
    namespace,
    client: new Client({ connection, namespace }),
    async stop() {
      await connection.close();
      await kill();
    },
  };
}

/** The port opens before the namespace is there. */
async function reachable(address: string, namespace: string): Promise<Connection> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      await connection.workflowService.describeNamespace({ namespace });
      return connection;
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
      await sleep(100);
    }
  }
}

function findBinary(): string | undefined {
  const cache = process.env["OMNIFORGE_CACHE"] ?? join(homedir(), ".cache", "omniforge");
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(cache, "bin")];
  return folders
    .map((folder) => join(folder, "temporal"))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
