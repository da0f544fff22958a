/**
 * The person: says something once and answers what is asked, whenever the tasks stand still. A restarted program says
 * and answers again what it can't know to have been heard; ids and pending requests make that harmless.
 */
import { setTimeout } from "node:timers/promises";
import type { Backend } from "omniforge/backend";
import { accept, type StepWorld } from "omniforge/steps";
import type { TaskRow } from "omniforge/store";
import { OmniForgeError } from "../../../packages/omniforge/src/protocol/error.ts";
import type { Answer, InputRequest } from "../../../packages/omniforge/src/protocol/input.ts";
import { userMessage } from "../../../packages/omniforge/src/protocol/message.ts";

export interface Attending {
  readonly world: StepWorld;
  readonly backend: Backend;
  readonly root: { readonly tenant: string; readonly task: string };
  /** Answers at once instead of waiting until nothing moves: other orders of the log, the same promises. */
  readonly eager: boolean;
}

const pollMs = 3;

/** Attends to a task and its sub-agents until the root has ended. */
export async function attend(attending: Attending): Promise<void> {
  const { world, root, eager } = attending;
  for (;;) {
    const rows = await world.store.list({ tenant: root.tenant, root: root.task, limit: 100 });
    const open = rows.filter((row) => row.endedSeq === null);
    if (open.length === 0) return;
    const [asked] = open.filter((row) => row.pending.length > 0);
    if (asked !== undefined && (eager || open.every(isStill))) await answerFirst(attending, asked);
    await setTimeout(pollMs);
  }
}

/** Parked, and nobody has woken it since. */
export function isStill(row: TaskRow): boolean {
  return row.owner === null && row.parkedAtWakes !== null && row.wakes <= row.parkedAtWakes;
}

async function answerFirst({ world, backend }: Attending, row: TaskRow): Promise<void> {
  const [request] = row.pending;
  if (request === undefined) return;
  try {
    await accept(world, row, {
      kind: "message",
      id: "said",
      message: userMessage("and check it in the end"),
    });
    await accept(world, row, { kind: "answer", request: request.id, answer: answerTo(request) });
  } catch (thrown) {
    // Eager people are sometimes overtaken by what they saw a moment ago.
    if (!OmniForgeError.is(thrown)) throw thrown;
  }
  await backend.wake(row);
}

function answerTo(request: InputRequest): Answer {
  return request.kind === "question" ? { decision: "answer", value: "green" } : { decision: "approve" };
}
