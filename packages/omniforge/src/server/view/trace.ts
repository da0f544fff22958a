/** A task's reasoning, turn by turn: which steps there were, how often each was tried, how long it took, what it cost. */
import { z } from "zod";
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry, EntryOf } from "../../protocol/entry.ts";
import { usage } from "../../protocol/message.ts";
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
    at: z.number().describe("When the model's reply was recorded. Epoch milliseconds."),
    durationMs: z
      .number()
      .describe("Since the entry before: the model's time, with waiting for it and its failed attempts."),
    model: z.string(),
    outcome: z.string(),
    attempts: z.array(attempt).describe("Of the model, those that failed."),
    usage,
    steps: z.array(step),
  }),
);
type TraceStep = z.infer<typeof step>;
type TraceTurn = z.infer<typeof traceTurn>;
type Attempt = z.infer<typeof attempt>;

const entriesAtOnce = 500;

/** So many turns after a seq: no turn is cut in two. */
export async function trace(
  forge: OmniForge,
  { task }: Task,
  after: number,
  limit: number,
): Promise<{ items: readonly TraceTurn[]; next?: number }> {
  const turns: { reply: EntryOf<"reply">; entries: Entry[]; before: Entry[] }[] = [];
  let before: Entry[] = [];
  let seq = after;
  for (;;) {
    const page = await forge.log(task, seq, entriesAtOnce);
    for (const entry of page) {
      seq = entry.seq;
      const current = turns.at(-1);
      if (entry.kind !== "reply") {
        (current?.entries ?? before).push(entry);
        continue;
      }
      if (turns.length === limit) return { items: turns.map(toTurn), next: lastOf(turns)?.seq ?? after };
      turns.push({ reply: entry, entries: [], before });
      before = [];
    }
    if (page.length < entriesAtOnce) return { items: turns.map(toTurn) };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function lastOf(turns: readonly { reply: Entry; entries: readonly Entry[] }[]): Entry | undefined {
  const last = turns.at(-1);
  return last?.entries.at(-1) ?? last?.reply;
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
