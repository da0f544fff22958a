/** A task's reasoning, turn by turn: which steps there were, how often each was tried, how long it took, what it cost. */
import { z } from "zod";
import type { OmniForge } from "../../create-omniforge.ts";
import { isKind, type Entry, type EntryOf } from "../../protocol/entry.ts";
import { noUsage, usage } from "../../protocol/message.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { Task } from "../../protocol/task.ts";
import { failure, named } from "../shapes.ts";

const attempt = z.object({ at: z.number(), model: z.string().optional(), error: failure });

const step = named(
  "TraceStep",
  z.object({
    key: z.string(),
    kind: z.enum(["tool", "question", "agent", "limit", "compaction"]),
    name: z.string(),
    status: z
      .string()
      .describe("Its outcome: result, error, timeout, unknown, refused, canceled; or `open`."),
    at: z.number().optional().describe("When it ended. Epoch milliseconds."),
    durationMs: z.number().optional(),
    task: z.string().optional().describe("The sub-agent's task."),
    waitedFor: z.string().optional().describe("What a person was asked: approval, question or limit."),
    attempts: z.array(attempt).describe("Those that failed."),
    usage: usage.optional(),
    error: failure.optional(),
  }),
);

export const traceTurn = named(
  "TraceTurn",
  z.object({
    turn: z.int(),
    at: z
      .number()
      .describe("When the model's reply was recorded; without one, its last attempt. Epoch milliseconds."),
    durationMs: z
      .number()
      .describe("Since the entry before: the model's time, with waiting for it and its failed attempts."),
    model: z.string().optional().describe("The one that replied; without a reply, the last that was tried."),
    outcome: z
      .string()
      .describe(
        "Of the reply: answer, calls, limit, context-full, failed. Without one: `open`, or how the task has ended.",
      ),
    attempts: z.array(attempt).describe("Of the model, those that failed."),
    usage: usage.describe("Of the reply."),
    steps: z.array(step),
  }),
);
type TraceStep = z.infer<typeof step>;
type TraceTurn = z.infer<typeof traceTurn>;
type Attempt = z.infer<typeof attempt>;

const entriesAtOnce = 500;

/** So many turns after a seq: no turn is cut in two, and the last one may be without a reply as yet. */
export async function trace(
  forge: OmniForge,
  { task, turn }: Task,
  after: number,
  limit: number,
): Promise<{ items: readonly TraceTurn[]; next?: number }> {
  const turns: { reply: EntryOf<"reply">; entries: Entry[]; before: Entry[] }[] = [];
  let before: Entry[] = [];
  const page = (more: boolean): { items: readonly TraceTurn[]; next?: number } => {
    const last = turns.at(-1)?.reply;
    return { items: turns.map(toTurn), ...(more && last && { next: last.seq }) };
  };
  // The entry before tells how long the first turn took.
  let seq = Math.max(0, after - 1);
  for (;;) {
    const entries = await forge.log(task, seq, entriesAtOnce);
    for (const entry of entries) {
      seq = entry.seq;
      const current = turns.at(-1);
      if (entry.kind !== "reply" || seq <= after) {
        (current?.entries ?? before).push(entry);
        continue;
      }
      if (turns.length === limit) return page(true);
      turns.push({ reply: entry, entries: [], before });
      before = [];
    }
    if (entries.length < entriesAtOnce) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const last = turns.at(-1);
  const open = last ? openTurn(last.reply.body.turn, [last.reply, ...last.entries]) : openTurn(turn, before);
  if (open === undefined) return page(false);
  return turns.length === limit ? page(true) : { items: [...page(false).items, open] };
}

/** The turn after this one, which the model has not replied in: only its attempts are there. */
function openTurn(turn: number, since: readonly Entry[]): TraceTurn | undefined {
  const attempts = since.filter(isKind("attempt")).filter(({ body }) => {
    const key = parseStepKey(body.step);
    return key.kind === "model" && key.turn > turn;
  });
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const previous = since.findLast(({ kind, seq }) => kind !== "attempt" && seq < first.seq);
  const { model } = last.body;
  return {
    turn: parseStepKey(last.body.step).turn,
    at: last.at,
    durationMs: previous === undefined ? 0 : Math.max(0, last.at - previous.at),
    outcome: since.find(isKind("ended"))?.body.state ?? "open",
    attempts: attempts.flatMap(toAttempt),
    usage: noUsage,
    steps: [],
    ...(model !== undefined && { model }),
  };
}

function toTurn(
  {
    reply,
    entries,
    before,
  }: { reply: EntryOf<"reply">; entries: readonly Entry[]; before: readonly Entry[] },
  index: number,
  all: readonly { reply: Entry; entries: readonly Entry[] }[],
): TraceTurn {
  const { turn, model, outcome, calls, usage: used } = reply.body;
  const earlier = [...(index === 0 ? before : (all[index - 1]?.entries ?? []))];
  const previous = earlier.findLast(({ kind }) => kind !== "attempt") ?? all[index - 1]?.reply;
  const attempts = earlier.filter((one) => one.kind === "attempt" && one.body.step === reply.key);
  return {
    turn,
    at: reply.at,
    durationMs: previous === undefined ? 0 : Math.max(0, reply.at - previous.at),
    model,
    outcome,
    attempts: attempts.flatMap(toAttempt),
    usage: used,
    steps: [
      ...calls.map((call) => toStep(call, entries)),
      ...entries.flatMap((entry) => (entry.kind === "compaction" ? [toCompaction(entry, entries)] : [])),
    ],
  };
}

function toStep(call: EntryOf<"reply">["body"]["calls"][number], entries: readonly Entry[]): TraceStep {
  const result = entries.find(
    (one): one is EntryOf<"result"> => one.kind === "result" && one.key === call.key,
  );
  const answered = entries.find((one) => one.kind === "input" && one.body.id === call.key);
  const { error, durationMs, usage: used, status } = result?.body ?? {};
  const isLimit = call.runs === "limit" && answered !== undefined;
  return {
    key: call.key,
    kind: call.runs,
    name: call.name,
    status: status ?? (isLimit ? "result" : "open"),
    attempts: attemptsAt(call.key, entries),
    ...((result ?? (isLimit ? answered : undefined)) && { at: (result ?? answered)?.at }),
    ...(durationMs !== undefined && { durationMs }),
    ...(call.child !== undefined && { task: call.child }),
    ...(call.waits !== undefined && call.waits !== "child" && { waitedFor: call.waits }),
    ...(used && { usage: used }),
    ...(error && { error }),
  };
}

function toCompaction({ key = "", at, body }: EntryOf<"compaction">, entries: readonly Entry[]): TraceStep {
  const { outcome, usage: used, error } = body;
  return {
    key,
    kind: "compaction",
    name: "compaction",
    status: outcome === "compacted" ? "result" : "error",
    at,
    attempts: attemptsAt(key, entries),
    usage: used,
    ...(error && { error }),
  };
}

function attemptsAt(key: string, entries: readonly Entry[]): Attempt[] {
  return entries.filter((one) => one.kind === "attempt" && one.body.step === key).flatMap(toAttempt);
}

function toAttempt(entry: Entry): Attempt[] {
  if (entry.kind !== "attempt") return [];
  const { error, model } = entry.body;
  return [{ at: entry.at, error, ...(model !== undefined && { model }) }];
}
