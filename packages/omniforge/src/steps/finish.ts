/**
 * The terminal entry: the first wins, and no seq follows it (W2).
 *
 * Owns: giving every open key an outcome, withdrawing what nobody needs to answer any more, refusing messages that no
 * model step will take (P3), and cancelling open sub-agents.
 */
import { entry, isKind, type EntryBody, type NewEntry } from "../protocol/entry.ts";
import type { Call, Ending } from "../protocol/call.ts";
import type { ErrorCode, Failure } from "../protocol/error.ts";
import { errorTable } from "../protocol/error.ts";
import type { TaskRow } from "../store/task-store.ts";
import { cancelChildren } from "./accept.ts";
import { limitReached } from "./limits.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { claimOf, openCalls, viewTurn, type TurnView } from "./turn-view.ts";

export async function finish(
  world: StepWorld,
  attempt: Attempt,
  turn: number,
  ending: Ending,
): Promise<StepResult<"finished" | "more">> {
  for (;;) {
    const read = await world.store.turn(attempt);
    if (read === undefined) return { kind: "stopped", why: "missing" };
    const view = viewTurn(read);
    const { row } = view;
    if (row.endedSeq !== null) return done("finished");
    const state = row.cancelSeq !== null ? "canceled" : ending.kind;
    if (state === "completed" && hasMore(world, view, turn)) return done("more");
    const entries = [...closings(view), ...(await refusals(world, row, state)), ended(view, state, ending)];
    const result = await record(world, attempt, entries, { seq: row.headSeq });
    // Found: a call came to its end meanwhile. What has moved is read again.
    if (result.kind === "moved" || result.kind === "found") continue;
    if (result.kind !== "committed" && result.kind !== "ended") return refusedStep(result);
    if (row.children > 0) await cancelChildren(world, row, `its parent was ${state}`);
    world.transcripts.evict(row);
    await sweepBlobs(world, row);
    return done("finished");
  }
}

/** P3: somebody has said something since, and the next turn may take it; or the answer is to be repaired. */
function hasMore(world: StepWorld, { row, reply }: TurnView, turn: number): boolean {
  if (row.turn > turn || reply?.body.invalid !== undefined) return true;
  return row.messages > row.taken && limitReached(row, turn + 1, world.now()) === undefined;
}

/** An outcome for every open key, and a withdrawal for every pending request. */
function closings(view: TurnView): readonly NewEntry[] {
  const withdrawn = view.row.pending.map((request) =>
    entry("input", { id: request.id, outcome: "withdrawn" }),
  );
  const calls = openCalls(view).filter((call) => call.runs !== "limit");
  return [...withdrawn, ...calls.map((call) => entry("result", closing(view, call), call.key))];
}

function closing(view: TurnView, call: Call): EntryBody<"result"> {
  if (claimOf(view, call.key).held) {
    const message = `${call.name} was started, but the task ended first: whether it took effect is unknown`;
    return { name: call.name, status: "unknown", parts: [], error: { code: "TASK_ENDED", message } };
  }
  return { name: call.name, status: "canceled", parts: [] };
}

/** Blobs that were written for an outcome that never got into the log. Again harmless, and again next time. */
async function sweepBlobs(world: StepWorld, row: TaskRow): Promise<void> {
  const kept = await world.blobs.list(row);
  if (kept.length === 0) return;
  const log = JSON.stringify([await world.store.read(row, 0), await world.store.late(row)]);
  for (const hash of kept) if (!log.includes(hash)) await world.blobs.remove(row, hash);
}

async function refusals(world: StepWorld, row: TaskRow, state: string): Promise<readonly NewEntry[]> {
  if (row.messages <= row.taken) return [];
  const said = (await world.store.read(row, 0)).filter(isKind("message"));
  return said
    .slice(row.taken)
    .map(({ body }) => entry("refusal", { message: body.id, reason: `the task was ${state}` }));
}

function ended(view: TurnView, state: "completed" | "failed" | "canceled", ending: Ending): NewEntry {
  if (state === "completed") {
    const parts = (view.reply?.body.parts ?? []).filter(
      (part) => part.type !== "reasoning" && part.type !== "tool-call",
    );
    return entry("ended", { state, parts });
  }
  if (state === "canceled") return entry("ended", { state, parts: [] });
  return entry("ended", { state, parts: [], error: failureOf(view, ending) });
}

/** The recorded error where the reply has one: it says more than the code. */
function failureOf(view: TurnView, ending: Ending): Failure {
  const code = ending.kind === "failed" ? ending.code : "INTERNAL";
  const recorded = view.reply?.body.error;
  if (recorded?.code === code) return recorded;
  // The loop knows that it could not be put in short; why not (a key that was refused, say) is what helps.
  const compaction = view.entries.find(isKind("compaction"))?.body.error;
  if (code === "CONTEXT_FULL" && compaction !== undefined) return compaction;
  const limit = view.reply?.body.limit;
  if (code === "LIMIT_REACHED" && limit !== undefined)
    return { code, message: `the task reached its limit of ${limit}` };
  return { code, message: code in errorTable ? errorTable[code as ErrorCode].remedy : code };
}
