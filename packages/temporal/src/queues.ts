/**
 * Which task queue what runs on, and which of them a worker polls.
 *
 * By default everything runs on the one task queue. Models and tools may have queues of their own, and a provider with a
 * rate always has one: the server keeps the rate of a queue, over however many workers there are.
 */
import { OmniForgeError } from "omniforge/protocol";
import type { Place, WorkerTuning } from "./options.ts";
import type { TaskInput } from "./sandbox/contract.ts";

type Queued = Pick<Place, "taskQueue" | "queues" | "modelRates">;

export interface Polled {
  readonly queue: string;
  readonly workflows: boolean;
  /** Steps a second, over all workers. */
  readonly rate?: number;
}

/** What a task's workflow must know: where its steps run, if not where it runs itself. Few bytes, often none. */
export function queuesOf(place: Queued, model: string): NonNullable<TaskInput["queues"]> | undefined {
  const [provider = ""] = model.split(":", 1);
  const limited = Object.hasOwn(place.modelRates, provider) ? limitedQueue(place, provider) : undefined;
  const ofModel = limited ?? place.queues.model;
  const { tools } = place.queues;
  if (ofModel === undefined && tools === undefined) return undefined;
  return { ...(ofModel !== undefined && { model: ofModel }), ...(tools !== undefined && { tools }) };
}

/** Each once. Throws INVALID_INPUT when it would poll nothing of what it is to take. */
export function polledBy(
  place: Queued,
  { polls = ["workflow", "model", "tools"] }: WorkerTuning,
): readonly Polled[] {
  const all = polls.flatMap((one) => polledFor(place, one, polls.includes("workflow")));
  return all.filter(({ queue }, at) => all.findIndex((other) => other.queue === queue) === at);
}

function polledFor(place: Queued, one: string, withWorkflows: boolean): readonly Polled[] {
  const { taskQueue, queues, modelRates } = place;
  if (one === "workflow") return [{ queue: taskQueue, workflows: true }];
  if (one !== "model" && one !== "tools") return [{ queue: one, workflows: false }];
  const own = queues[one];
  const found: Polled[] = own === undefined ? [] : [{ queue: own, workflows: false }];
  if (one === "model")
    for (const [provider, rate] of Object.entries(modelRates))
      found.push({ queue: limitedQueue(place, provider), workflows: false, rate });
  if (found.length > 0 || withWorkflows) return found;
  const message = `${one} has no queue of its own, so it is taken with workflow: name one (queues.${one})`;
  throw new OmniForgeError("INVALID_INPUT", message);
}

const limitedQueue = ({ taskQueue, queues }: Queued, provider: string): string =>
  `${queues.model ?? taskQueue}-${provider}`;
