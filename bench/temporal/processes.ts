/** Workers as processes of their own, and the client that gives them tasks. */
import { join } from "node:path";
import { createOmniForge, type Agent, type OmniForge } from "omniforge";
import type { TestServer } from "../../tests/temporal/server.ts";
import { Child } from "../child.ts";
import { promptModel } from "../engine.ts";
import { engineOf, type EngineName } from "./engine-of.ts";
import type { WorkerOptions } from "./worker-program.ts";

export interface Site {
  readonly server: TestServer;
  readonly directory: string;
  readonly engine: EngineName;
  readonly turns: number;
  readonly latencyMs?: number;
}

export async function startWorker({ server, ...site }: Site): Promise<Child> {
  const options: WorkerOptions = { ...site, address: server.address };
  const child = new Child(join("temporal", "worker-program.ts"), JSON.stringify(options));
  await child.says("opened");
  return child;
}

/** Performs nothing. */
export function openClient(
  { server, directory, engine, turns }: Site,
  agents: readonly Agent[] = [],
): Promise<OmniForge> {
  const onTurn = (): void => undefined;
  return createOmniForge({
    dataDirectory: directory,
    work: false,
    agents,
    models: { "bench:model": promptModel(turns, onTurn), "bench:asking": promptModel(turns, onTurn) },
    backend: engineOf(engine, { address: server.address, turns, onTurn }),
  });
}
