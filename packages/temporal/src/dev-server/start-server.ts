/**
 * A development server on this machine, as tasks like it: the two poll settings without which every dispatch waits up to
 * 50 ms, a file that survives the server's death, and the search attributes registered.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { OmniForgeError } from "omniforge/protocol";
import { placeOf } from "../options.ts";
import { setUpOwn } from "../set-up.ts";
import { obtainBinary } from "./obtain-binary.ts";

export interface DevServerOptions {
  /** Default 7233; its web page is at this one plus 1,000. */
  readonly port?: number;
  /** Made when it starts. Default: as the environment and the profile have it, then "default". */
  readonly namespace?: string;
  /** Without a web page. */
  readonly headless?: boolean;
  /** Where it keeps its data. */
  readonly file: string;
  readonly onNotice?: (notice: string) => void;
}

export interface DevServer {
  readonly address: string;
  readonly page?: string;
  /** Resolves when it has ended, by itself or not, with its exit code. */
  readonly ended: Promise<number | undefined>;
  stop(): Promise<void>;
}

const host = "127.0.0.1";
const startMs = 60_000;
/** A server that is told to stop and does not is ended. */
const stopMs = 10_000;

const settings = ["history.transferProcessorMaxPollRPS=100000", "history.timerProcessorMaxPollRPS=100000"];

const wantsTls =
  "Temporal's environment or profile has an API key or TLS, and this server speaks none: what reads them does not reach it " +
  "(TEMPORAL_TLS=false, or another TEMPORAL_PROFILE).";

/** Throws ENGINE_MISSING when there is no binary and none can be had, ENGINE_UNREACHABLE when the server does not come up. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  const { port = 7233, headless = false, file, onNotice = () => undefined } = options;
  const { namespace, connection } = placeOf(
    options.namespace === undefined ? {} : { namespace: options.namespace },
  );
  const address = `${host}:${port}`;
  if (await isTaken(port)) {
    const message = `something listens at ${address} already: give another --port, or use what is there`;
    throw new OmniForgeError("ENGINE_UNREACHABLE", message);
  }
  const binary = await obtainBinary({ onNotice });
  await mkdir(dirname(file), { recursive: true });
  const words = ["server", "start-dev", "--ip", host, "--port", String(port), "--db-filename", file];
  words.push("--namespace", namespace, "--log-level", "error");
  if (headless) words.push("--headless");
  for (const setting of settings) words.push("--dynamic-config-value", setting);
  // A group of its own: Ctrl-C comes to us, and by us to it.
  const child = spawn(binary, words, { stdio: ["ignore", "ignore", "inherit"], detached: true });
  const abandon = (): void => void child.kill("SIGKILL");
  process.once("exit", abandon);
  const ended = endOf(child).finally(() => process.off("exit", abandon));
  const early = ended.then((code) => {
    const message = `the server ended before it answered (${code ?? "killed"}); what it said stands above`;
    throw new OmniForgeError("ENGINE_UNREACHABLE", message);
  });
  try {
    await Promise.race([setUpOwn({ address, namespace, connectTimeoutMs: startMs }), early]);
  } catch (thrown) {
    await stop(child, ended);
    throw thrown;
  }
  early.catch(() => undefined);
  if (connection.tls) onNotice(wantsTls);
  return {
    address,
    ...(!headless && { page: `http://${host}:${port + 1_000}` }),
    ended,
    stop: () => stop(child, ended),
  };
}

async function endOf(child: ChildProcess): Promise<number | undefined> {
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? undefined;
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await ended;
  clearTimeout(late);
}

async function isTaken(port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
