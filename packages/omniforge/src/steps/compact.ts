/**
 * Compaction: a model call that puts the transcript in short and opens a new epoch of it. One outcome per turn.
 */
import { entry, type NewEntry } from "../protocol/entry.ts";
import type { Failure } from "../protocol/error.ts";
import { noUsage, textOf, userMessage } from "../protocol/message.ts";
import { stepKey } from "../protocol/step-key.ts";
import { readSpec } from "./create-task.ts";
import { modelAttempt } from "./model-attempt.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { outcomeOf, viewTurn } from "./turn-view.ts";

const instruction = `Summarise this conversation so that the work can go on from your summary alone. Keep: what was asked, what
was decided, what was found (with names, paths and figures), what was done and must not be done again, and what is left.`;

export async function compact(
  world: StepWorld,
  attempt: Attempt,
  turn: number,
): Promise<StepResult<"compacted" | "failed">> {
  const read = await world.store.turn(attempt);
  if (read === undefined) return { kind: "stopped", why: "missing" };
  const view = viewTurn(read);
  const { row } = view;
  const key = stepKey(turn, "compact", 0);
  const recorded = turn < row.turn ? await world.store.find(attempt, key) : outcomeOf(view, key);
  if (recorded !== undefined)
    return recorded.kind === "compaction" ? done(recorded.body.outcome) : { kind: "stopped", why: "stale" };
  if (row.endedSeq !== null) return { kind: "stopped", why: "ended" };
  if (row.cancelSeq !== null) return { kind: "canceled" };
  if (turn !== row.turn) return { kind: "stopped", why: "stale" };

  const spec = await readSpec(world, row);
  const transcript = await world.transcripts.load(row, view.entries);
  const items = [...transcript.items, { role: "user" as const, message: userMessage(instruction) }];
  const tried = await modelAttempt(world, attempt, {
    view,
    key,
    spec,
    items,
    files: transcript.files,
    offerTools: false,
    // An empty summary would put nothing in the place of everything.
    objection: ({ parts }) => (textOf(parts).trim() === "" ? "the model gave no summary" : undefined),
  });
  if (tried.kind === "canceled" || tried.kind === "stopped" || tried.kind === "retry") return tried;
  const epoch = row.epoch + 1;
  const failure = (error: Failure): NewEntry =>
    entry("compaction", { outcome: "failed", epoch, usage: noUsage, error }, key);
  const made =
    tried.kind === "replied"
      ? entry(
          "compaction",
          {
            outcome: "compacted",
            epoch,
            usage: tried.reply.usage,
            summary: summaryOf(textOf(tried.reply.parts)),
          },
          key,
        )
      : failure(
          tried.kind === "failed"
            ? tried.error
            : { code: "CONTEXT_FULL", message: "the transcript is too long even to be summarised" },
        );
  const result = await record(world, attempt, [made], { key, turn });
  const [first] =
    result.kind === "committed" ? result.entries : result.kind === "found" ? [result.entry] : [];
  return first?.kind === "compaction" ? done(first.body.outcome) : refusedStep(result);
}

const summaryOf = (text: string): ReturnType<typeof userMessage> =>
  userMessage(`What happened before, in short:\n\n${text}`);
