/** Two processes on one data directory: one takes over from the other at its death, and each hears what the other accepts. */
import { setTimeout } from "node:timers/promises";
import { createOmniForge, type Agent, type OmniForge } from "omniforge";
import { userMessage } from "omniforge/protocol";
import { say } from "../packages/omniforge/src/say.ts";
import { Child } from "./child.ts";
import { agentFor } from "./parts.ts";
import { moment } from "./statistics.ts";
import type { Work } from "./work.ts";

const client = (directory: string): Promise<OmniForge> =>
  createOmniForge({ dataDirectory: directory, work: false });

/** A moment within one round of the engine's looks, so that no measurement falls in with them. */
const sometime = (withinMs: number): Promise<void> => setTimeout(Math.random() * withinMs);

/** Submits a task to whoever executes here; resolves with its id once it waits for a person and nobody holds it. */
export async function createWaiting(directory: string, agent: Agent): Promise<string> {
  const forge = await client(directory);
  const { task } = await forge.submit(agent, "go");
  await untilWaiting(forge, task);
  await forge.close();
  return task;
}

async function untilWaiting(forge: OmniForge, task: string): Promise<string> {
  for (;;) {
    const row = await forge.world.store.row({ tenant: forge.tenant, task });
    const [request] = row?.pending ?? [];
    if (request !== undefined && row?.owner === null) return request.id;
    await setTimeout(2);
  }
}

/** From the SIGKILL of a process to the model call of its task in another that was there already, in milliseconds. */
export async function takeovers({ directory, durability }: Work, times: number): Promise<readonly number[]> {
  const found: number[] = [];
  const forge = await client(directory);
  const open = async (): Promise<Child> => {
    const child = new Child("worker-program.ts", directory, durability);
    await child.says("opened");
    return child;
  };
  let first = await open();
  for (let time = 0; time < times; time++) {
    const { task } = await forge.submit(agentFor("hang"), "go");
    await first.says("hangs");
    const second = await open();
    await sometime(600);
    const killed = await first.kill();
    const [taken = Number.NaN] = await second.says("hangs");
    found.push(taken - killed);
    await forge.cancel(task);
    first = second;
  }
  await first.kill();
  await forge.close();
  return found;
}

export interface Noticed {
  readonly say: readonly number[];
  readonly respond: readonly number[];
  readonly cancel: readonly number[];
}

/** From a call of one process to its effect in another: the next model call, the approved tool, the tool's abort signal. */
export async function noticed({ directory, durability }: Work, times: number): Promise<Noticed> {
  const found = { say: [] as number[], respond: [] as number[], cancel: [] as number[] };
  const child = new Child("worker-program.ts", directory, durability);
  await child.says("opened");
  const forge = await client(directory);
  const measure = async (into: number[], word: string, act: () => Promise<void>): Promise<void> => {
    await sometime(100);
    const from = moment();
    await act();
    const [at = Number.NaN] = await child.says(word);
    into.push(at - from);
  };
  for (let time = 0; time < times; time++) {
    const asked = await forge.submit(agentFor("ask"), "go");
    await untilWaiting(forge, asked.task);
    await measure(found.say, "heard", async () => {
      const id = `said-${time}`;
      await say(forge, await forge.get(asked.task), userMessage("this one"), { id });
    });
    const toSign = await forge.submit(agentFor("sign"), "go");
    const request = await untilWaiting(forge, toSign.task);
    await measure(found.respond, "signs", () => forge.respond(toSign.task, request, { decision: "approve" }));
    const waits = await forge.submit(agentFor("wait"), "go");
    await child.says("waits");
    await measure(found.cancel, "aborted", () => forge.cancel(waits.task));
  }
  await child.kill();
  await forge.close();
  return found;
}
