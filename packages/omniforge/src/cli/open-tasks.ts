/**
 * Opening the tasks that a command is about: behind the server that was named, behind one that runs on this data directory,
 * or in the data directory itself.
 */
import { createClient, type OmniForgeClient } from "../client/index.ts";
import { OmniForgeError } from "../protocol/error.ts";
import type { Tasks } from "../tasks.ts";
import { loadConfig } from "./config/load-config.ts";
import { findTask } from "./find-task.ts";
import { openForge } from "./open-forge.ts";
import type { OpenedTasks } from "./opened-tasks.ts";
import { defaultData, type Place } from "./place.ts";
import { findServer } from "./server-file.ts";
import { visible } from "./view/visible.ts";

/** Opens them. `id`: the task that is meant, whose engine is opened where it lies in a data directory. */
export async function openTasks(place: Place, id?: string): Promise<OpenedTasks> {
  return (await openBehind(place)) ?? openHere(place, id);
}

/**
 * The tasks behind the server that was named, or that runs on this data directory; undefined: there is none. `mustWork`: one
 * that only talks to those that execute tasks is not meant, unless it was named.
 */
export async function openBehind(place: Place, mustWork = false): Promise<OpenedTasks | undefined> {
  const url = serverUrl(place);
  const client = url === undefined ? await runningServer(place, mustWork) : clientOf(url);
  return client && behind(client);
}

/** The server that was named, by an option or the environment. */
export function serverUrl({ url }: Place): string | undefined {
  return url ?? (process.env["OMNIFORGE_URL"] || undefined);
}

export function clientOf(url: string): OmniForgeClient {
  return createClient({ url, key: process.env["OMNIFORGE_API_KEY"] || undefined });
}

/** Tasks behind a server. */
export async function behind(client: OmniForgeClient): Promise<OpenedTasks> {
  const { config } = await loadConfig();
  const opened: OpenedTasks = {
    tasks: tasksOf(client),
    config,
    // Whoever serves tasks sees to it that they are executed, by itself or by others.
    isAnyoneWorking: () => Promise.resolve(true),
    retell: () => Promise.resolve(),
    reopen: () => Promise.resolve(opened),
    close: () => Promise.resolve(),
  };
  return opened;
}

/** The client's words for what the command line does. */
function tasksOf(client: OmniForgeClient): Tasks {
  return {
    async get(task) {
      const { messages: _said, artifacts: _made, ...found } = await client.get(task);
      return found;
    },
    each: (which) => client.list(which),
    log: (task, after, limit) => client.log(task, after, limit),
    follow: (task, followed) => client.follow(task, { ...followed, onRetry: sayLost() }),
    async say(task, text, id) {
      await client.say(task, text, id === undefined ? {} : { id });
    },
    async respond(task, request, answer) {
      await client.answer(task, request, answer);
    },
    async cancel(task, reason) {
      await client.cancel(task, reason);
    },
    erase: (task) => client.erase(task),
  };
}

/** Tells who watches why nothing comes: at once, and then not more often than anybody wants to read it. */
function sayLost(): (error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    // The server has ended the stream in good order: it is about to be there again.
    if (!(error instanceof Error) || Date.now() - saidAt < 30_000) return;
    saidAt = Date.now();
    process.stderr.write(
      `${visible(`omniforge: the connection is lost (${error.message}); trying again`)}\n`,
    );
  };
}

/** A server that runs on this data directory and lets this person in; whom it does not may read the directory itself. */
async function runningServer({ data }: Place, mustWork: boolean): Promise<OmniForgeClient | undefined> {
  const { config } = await loadConfig();
  const url = await findServer(data ?? config.dataDirectory ?? defaultData, mustWork);
  if (url === undefined) return undefined;
  const client = createClient({ url, key: process.env["OMNIFORGE_API_KEY"] || undefined, retries: 0 });
  try {
    await client.list().next();
    return client;
  } catch (thrown) {
    if (OmniForgeError.is(thrown)) return undefined;
    throw thrown;
  }
}

/** A task of Temporal is woken by its own engine, so that one is opened; which it is stands in the store. */
async function openHere({ data }: Place, id: string | undefined): Promise<OpenedTasks> {
  const opened = await openForge({ data, work: false });
  if (id === undefined) return opened;
  try {
    const { engine } = await findTask(opened.tasks, id);
    if (engine === "in-process") return opened;
  } catch (thrown) {
    await opened.close();
    throw thrown;
  }
  await opened.close();
  return openForge({ data, work: false, backend: "temporal" });
}
