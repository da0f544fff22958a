/** `omniforge serve --backend temporal` for one run: killed, and started again on the same port, as a supervisor does. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";
import type { Place } from "../temporal/namespace.ts";
import { launch, type Running } from "./temporal-processes.ts";

export interface Serving {
  readonly url: string;
  /** What it said each time that it ended without being killed. */
  readonly ownEnds: readonly string[];
  /** Kills it with SIGKILL and resolves once it serves again, or has been stopped. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const commandLine = fileURLToPath(new URL("../../packages/omniforge/src/cli/main.ts", import.meta.url));
const beside = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

export async function startServing(place: Place, directory: string): Promise<Serving> {
  writeFileSync(join(directory, "omniforge.config.ts"), configOf(place, directory));
  const port = await freePort();
  const words = [commandLine, "serve", "--backend", "temporal", "--port", String(port), "--data", directory];
  const ownEnds: string[] = [];
  let hasServed = false;
  let isStopped = false;
  let running: Running;
  let listens: Promise<unknown>;
  const start = (): void => {
    running = launch(words, directory);
    const { exit, child } = running;
    const said = child.stdout === null ? exit : once(child.stdout, "data");
    // It ends by itself where what it needs is away.
    const next = exit.then(({ signal, stderr }) => {
      if (isStopped) return undefined;
      if (signal !== "SIGKILL") ownEnds.push(`serve: ${stderr}`);
      if (!hasServed) return undefined;
      start();
      return listens;
    });
    listens = Promise.race([said, next]);
  };
  start();
  const serves = (): Promise<unknown> => listens;
  await serves();
  hasServed = true;
  if (ownEnds[0] !== undefined) throw new Error(`the server does not start: ${ownEnds[0]}`);
  return {
    url: `http://127.0.0.1:${port}`,
    ownEnds,
    async restart() {
      await running.kill();
      await serves();
    },
    async stop() {
      isStopped = true;
      await running.kill();
    },
  };
}

/** The same agent as the workers'. */
function configOf({ database, redis, ...temporal }: Place, directory: string): string {
  const durability = database === undefined ? "process" : "power";
  // The same for all runs: it stands in the log.
  const settings = { database, redis, temporal, durability, workspace: tmpdir() };
  return `
import { openLedger } from ${beside("../../packages/omniforge/src/testing/crash/ledger.ts")};
import { createProgram } from ${beside("program/everything.ts")};
const { agent, models } = createProgram(openLedger(${JSON.stringify(directory)}, -1));
export default { agents: [agent], models, model: "scripted:root", ...${JSON.stringify(settings)} };
`;
}
