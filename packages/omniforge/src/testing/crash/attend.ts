/**
 * The person: says what is to be said and answers what is asked, whenever the tasks stand still. A restarted process says
 * and answers again what it can't know to have been heard; ids and pending requests make that harmless.
 */
import { setTimeout } from "node:timers/promises";
import type { Backend } from "../../backend/backend.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Answer, Input, InputRequest } from "../../protocol/input.ts";
import { userMessage } from "../../protocol/message.ts";
import type { TaskReference } from "../../protocol/task.ts";
import { accept } from "../../steps/accept.ts";
import type { StepWorld } from "../../steps/step.ts";
import type { TaskRow } from "../../store/task-store.ts";
import type { CrashProgram } from "./crash-program.ts";
import type { Ledger } from "./ledger.ts";

export interface Attending {
  readonly world: StepWorld;
  readonly backend: Backend;
  /** Where it is noted what people were told to have been taken down. */
  readonly ledger: Ledger;
  readonly root: TaskReference;
  /** Answers at once instead of waiting until nothing moves: other orders of the log, the same promises. */
  readonly eager: boolean;
  readonly program: Pick<CrashProgram, "say" | "answer">;
}

const pollMs = 3;

/** Attends to a task and its sub-agents until all have ended. */
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

async function answerFirst(attending: Attending, row: TaskRow): Promise<void> {
  const { backend, root, program } = attending;
  const [request] = row.pending;
  if (request === undefined) return;
  try {
    for (const [index, text] of (program.say ?? []).entries()) {
      await take(attending, root, { kind: "message", id: `said-${index}`, message: userMessage(text) });
    }
    const answer = (program.answer ?? approve)(request, row.task);
    await take(attending, row, { kind: "answer", request: request.id, answer });
  } catch (thrown) {
    // Eager people are sometimes overtaken by what they saw a moment ago.
    if (!OmniForgeError.is(thrown)) throw thrown;
  }
  await backend.wake(row);
}

async function take({ world, ledger }: Attending, to: TaskReference, input: Input): Promise<void> {
  await accept(world, to, input);
  ledger.write("accepted", `${to.task}/${input.kind === "answer" ? input.request : input.id}`);
}

function approve(request: InputRequest): Answer {
  if (request.kind !== "question") return { decision: "approve" };
  throw new Error(`the crash program has no answer to the question: ${request.prompt}`);
}
