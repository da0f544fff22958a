/**
 * The model step: the reply of a turn, from the log or from the model.
 *
 * Order (K1, K7): the log first, then cancel, then limits, then the model. Its commit opens the turn and holds the reply,
 * the descriptors of its calls, the requests to people, and what it took (K4, rule 5).
 */
import type { AgentSpec, LimitName } from "../protocol/agent-spec.ts";
import type { Reply } from "../protocol/call.ts";
import { entry, type EntryBody, type EntryOf, type NewEntry } from "../protocol/entry.ts";
import { noUsage, type Part } from "../protocol/message.ts";
import { stepKey } from "../protocol/step-key.ts";
import { readSpec } from "./create-task.ts";
import { modelAttempt } from "./model-attempt.ts";
import { planCalls } from "./plan-calls.ts";
import { limitReached } from "./limits.ts";
import { readOutput } from "./structured-output.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { inputTo, outcomeOf, viewTurn, type TurnView } from "./turn-view.ts";

export async function callModel(
  world: StepWorld,
  attempt: Attempt,
  turn: number,
): Promise<StepResult<Reply>> {
  const read = await world.store.turn(attempt);
  if (read === undefined) return { kind: "stopped", why: "missing" };
  const view = viewTurn(read);
  const { row } = view;
  const key = stepKey(turn, "model", 0);
  if (turn <= row.turn) {
    const recorded = turn === row.turn ? view.reply : await world.store.find(attempt, key);
    return recorded?.kind === "reply" ? done(toReply(recorded, view)) : { kind: "stopped", why: "stale" };
  }
  if (row.endedSeq !== null) return { kind: "stopped", why: "ended" };
  if (row.cancelSeq !== null) return { kind: "canceled" };
  const spec = await readSpec(world, row);
  const opening = { view, turn, key, spec };
  const limit = limitReached(row, turn, world.now());
  if (limit !== undefined) return open(world, attempt, opening, atLimit(view, turn, spec, limit));

  const transcript = await world.transcripts.load(row, view.entries);
  const threshold = spec.compactAtTokens;
  if (threshold !== undefined && transcript.tokens > threshold && transcript.items.length > 1) {
    return open(world, attempt, opening, [reply(turn, spec, full(view))]);
  }
  const { files, untaken } = transcript;
  const said = untaken.map(({ body }) => ({ role: "user" as const, message: body.message }));
  const items = said.length === 0 ? transcript.items : [...transcript.items, ...said];
  const tried = await modelAttempt(world, attempt, { view, key, spec, items, files, offerTools: true });
  if (tried.kind === "context-full") return open(world, attempt, opening, [reply(turn, spec, full(view))]);
  if (tried.kind === "failed")
    return open(world, attempt, opening, [reply(turn, spec, { outcome: "failed", error: tried.error })]);
  if (tried.kind !== "replied") return tried;

  const { parts, usage, stop } = tried.reply;
  const planned = await planCalls(world, { row, spec, turn, parts });
  const took = untaken.map(({ body }) => body.id);
  const replied = { model: tried.model, parts: [...parts], took, usage, stop };
  const body =
    planned.calls.length > 0
      ? reply(turn, spec, { ...replied, outcome: "calls", calls: [...planned.calls] })
      : reply(turn, spec, { ...replied, ...(await answered(view, spec, replied.parts)) });
  return open(world, attempt, opening, [body, ...planned.entries]);
}

type Answered = Pick<EntryBody<"reply">, "outcome"> &
  Partial<Pick<EntryBody<"reply">, "parts" | "invalid" | "error">>;

/** An answer as its agent's output schema wants it; one that does not fit is repaired once. */
async function answered(view: TurnView, { output }: AgentSpec, parts: readonly Part[]): Promise<Answered> {
  if (output === undefined) return { outcome: "answer" };
  const read = await readOutput(output, parts);
  if ("value" in read) return { outcome: "answer", parts: [...parts, { type: "data", value: read.value }] };
  if (view.reply?.body.invalid === undefined) return { outcome: "answer", invalid: read.invalid };
  return {
    outcome: "failed",
    error: { code: "OUTPUT_INVALID", message: `the answer does not fit its schema: ${read.invalid}` },
  };
}

interface Opening {
  readonly view: TurnView;
  readonly turn: number;
  readonly key: string;
  readonly spec: AgentSpec;
}

function reply(
  turn: number,
  spec: AgentSpec,
  some: Partial<EntryBody<"reply">> & { outcome: EntryBody<"reply">["outcome"] },
): NewEntry {
  return entry(
    "reply",
    { turn, model: spec.model, parts: [], calls: [], took: [], usage: noUsage, ...some },
    stepKey(turn, "model", 0),
  );
}

/** Twice running there is nothing left to put in short. */
function full(
  view: TurnView,
): { outcome: "context-full" } | { outcome: "failed"; error: { code: string; message: string } } {
  if (view.reply?.body.outcome !== "context-full") return { outcome: "context-full" };
  return {
    outcome: "failed",
    error: {
      code: "CONTEXT_FULL",
      message: "the transcript does not fit the model's context, even after compaction",
    },
  };
}

/** Fails the task, or asks a person for as much again, unless one has just said no. */
function atLimit(view: TurnView, turn: number, spec: AgentSpec, limit: LimitName): readonly NewEntry[] {
  const last = view.reply?.body.outcome === "limit" ? view.reply.body.calls[0] : undefined;
  const refused = last !== undefined && inputTo(view, last.key)?.body.answer?.decision !== "approve";
  if (view.row.limits.atLimit === "fail" || refused) return [reply(turn, spec, { outcome: "limit", limit })];
  const key = stepKey(turn, "limit", 0);
  const call = {
    index: 0,
    key,
    name: limit,
    runs: "limit" as const,
    effects: "none" as const,
    timeoutMs: 0,
    waits: "limit" as const,
  };
  const figure = limit === "cost" ? ` (${view.row.limits.costUsd} US dollars)` : "";
  const prompt = `The task has reached its limit of ${limit}${figure}. Approve to allow as much again.`;
  return [
    reply(turn, spec, { outcome: "limit", limit, calls: [call] }),
    entry("request", { id: key, kind: "limit", key, prompt, limit }),
  ];
}

/** Commits the reply; a reply that another attempt committed first is the one that counts, and ours is only paid for. */
async function open(
  world: StepWorld,
  attempt: Attempt,
  opening: Opening,
  entries: readonly NewEntry[],
): Promise<StepResult<Reply>> {
  const { key, turn, view } = opening;
  const result = await record(world, attempt, entries, { key, turn, opensTurn: true });
  if (result.kind === "committed") {
    const [first] = result.entries;
    if (first?.kind === "reply")
      return done(
        toReply(first, viewTurn({ row: { ...view.row, ...result.head }, entries: result.entries })),
      );
  }
  if (result.kind !== "found" || result.entry.kind !== "reply") return refusedStep(result);
  const [ours] = entries;
  if (ours?.kind === "reply" && ours.body.usage.inputTokens + ours.body.usage.outputTokens > 0) {
    const lost = {
      step: key,
      error: { code: "TASK_LOST", message: "another attempt at this step was recorded first" },
      usage: ours.body.usage,
    };
    await record(world, attempt, [entry("attempt", lost)]);
  }
  const read = await world.store.turn(attempt);
  return read === undefined
    ? { kind: "stopped", why: "missing" }
    : done(toReply(result.entry, viewTurn(read)));
}

/** What the loop is told of a recorded reply, with the calls marked that have their outcome. */
function toReply(recorded: EntryOf<"reply">, view: TurnView): Reply {
  const { outcome, calls, turn, error } = recorded.body;
  switch (outcome) {
    case "answer":
      return { kind: "answer" };
    case "calls": {
      const isDone = (key: string): boolean => turn < view.row.turn || outcomeOf(view, key) !== undefined;
      return {
        kind: "calls",
        calls: calls.map((call) => (isDone(call.key) ? { ...call, done: true } : call)),
      };
    }
    case "limit": {
      const [request] = calls;
      return request === undefined ? { kind: "limit" } : { kind: "limit", request };
    }
    case "context-full":
      return { kind: "context-full" };
    case "failed":
      return { kind: "failed", code: error?.code ?? "MODEL_FAILED" };
  }
}
