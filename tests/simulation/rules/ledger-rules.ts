/**
 * What the log says, held against what really happened: tools' executions, model calls, and what people were promised.
 */
import { isDeepStrictEqual } from "node:util";
import { textOf, type Call, type Entry, type EntryOf, type NewEntry } from "omniforge/protocol";
import type { Execution } from "../ledger.ts";
import type { Outcome } from "../simulate.ts";
import { outputOf } from "../simulated-tools.ts";
import { entriesOf, type WatchedTask } from "../watch.ts";

/** Every breach in one task's calls. */
export function checkCalls(
  outcome: Outcome,
  task: string,
  { log, ticks }: WatchedTask,
  late: readonly NewEntry[],
): readonly string[] {
  return entriesOf(log, "reply").flatMap((reply) =>
    reply.body.calls
      .filter(({ runs }) => runs === "tool")
      .flatMap((call) => {
        const executions = outcome.ledger.executionsOf(task, call.key);
        const result = entriesOf(log, "result").find(({ key }) => key === call.key);
        const breaches = [
          ...checkArguments(log, reply, call, executions),
          ...(outcome.calm ? checkRefused(log, ticks, call, executions) : []),
          ...(result === undefined ? [] : checkResult(call, result, executions)),
          ...(call.effects === "once" ? checkOnce(outcome, log, call, result, executions, late) : []),
        ];
        return breaches.map((breach) => `${breach} (task ${task}, call ${call.key})`);
      }),
  );
}

/** K5: a call runs with the arguments that were written, approved, or put in their place by whoever approved. */
function checkArguments(
  log: readonly Entry[],
  reply: EntryOf<"reply">,
  call: Call,
  executions: readonly Execution[],
): readonly string[] {
  const approval = entriesOf(log, "request").find(
    ({ body }) => body.key === call.key && body.kind === "approval",
  );
  const input = entriesOf(log, "input").find(({ body }) => body.id === approval?.body.id);
  const part = reply.body.parts.find((one) => one.type === "tool-call" && one.index === call.index);
  const written = part?.type === "tool-call" ? part.arguments : null;
  const answer = input?.body.answer;
  const wanted = JSON.stringify((answer?.decision === "approve" ? answer.arguments : undefined) ?? written);
  return [
    ...(approval !== undefined && executions.length > 0 && answer?.decision !== "approve"
      ? ["K5: it runs without its approval"]
      : []),
    ...executions
      .filter(({ parameters }) => parameters !== wanted)
      .map(({ parameters }) => `K5: it runs with ${parameters}, and ${wanted} was approved`),
  ];
}

/** P1: a call that asked is not executed again once a person has refused to answer. */
function checkRefused(
  log: readonly Entry[],
  ticks: readonly number[],
  call: Call,
  executions: readonly Execution[],
): readonly string[] {
  const asked = entriesOf(log, "request").filter(({ body }) => body.key === call.key);
  const refused = entriesOf(log, "input").find(
    ({ body }) => asked.some((one) => one.body.id === body.id) && body.answer?.decision === "reject",
  );
  const refusedAt = refused === undefined ? Infinity : (ticks[refused.seq] ?? 0);
  return executions.some(({ tick }) => tick >= refusedAt)
    ? ["P1: it is executed after a person has refused it"]
    : [];
}

/** A result is what one execution returned. */
function checkResult(
  call: Call,
  { body }: EntryOf<"result">,
  executions: readonly Execution[],
): readonly string[] {
  if (body.status === "unknown" && call.effects !== "once")
    return ["K3: it may be repeated, and its outcome is unknown"];
  if (body.status !== "result") return [];
  const [part] = body.parts;
  const text = part?.type === "text" ? part.text : part?.type === "reference" ? part.preview : "";
  const returned = executions.some((one) => one.ended === "returned" && text.startsWith(outputOf(one)));
  return returned ? [] : [`K1: its result is ${text.slice(0, 80)}, which no execution returned`];
}

/** K3: one execution at most may have had its effect; and where one may have, the log doesn't say that none had. */
function checkOnce(
  outcome: Outcome,
  log: readonly Entry[],
  call: Call,
  result: EntryOf<"result"> | undefined,
  executions: readonly Execution[],
  late: readonly NewEntry[],
): readonly string[] {
  const effective = executions.filter(({ ended }) => ended !== "not-started" && ended !== "asked");
  const releases = entriesOf(log, "release").filter(
    ({ key }) => key?.startsWith(call.key.replace("/tool/", "/release/")) === true,
  );
  const claims = entriesOf(log, "claim").filter(
    ({ key }) => key?.startsWith(call.key.replace("/tool/", "/claim/")) === true,
  );
  const status = result?.body.status;
  const receipts = late.filter(
    (one) => one.kind === "result" && one.key === call.key && one.body.status === "result",
  );
  return [
    ...(effective.length > 1 ? [`K3: it has its effect ${effective.length} times`] : []),
    ...(executions.length > claims.length
      ? [`K3: it is executed ${executions.length} times under ${claims.length} claims`]
      : []),
    ...(claims.length > releases.length + 1 ? ["K3: it is claimed again without a release"] : []),
    ...(effective.length > 0 && (status === "refused" || status === "canceled")
      ? [`K3: it was started, and its outcome is ${status}`]
      : []),
    ...(effective[0]?.ended === "failed" && status === "result" ? ["K3: it failed, and has a result"] : []),
    ...(outcome.calm && status === "unknown" && effective.length === 0
      ? ["K3: it was never started, and its outcome is unknown"]
      : []),
    ...(receipts.length > 1 ? ["W2: its receipt is kept aside twice"] : []),
  ];
}

/** P1: what was accepted is in the log, once, as it was said. */
export function checkPromises({ promised, tasks }: Outcome): readonly string[] {
  return promised.flatMap(({ task, id, said }) => {
    const log = tasks.get(task)?.log ?? [];
    const found = log.filter(
      (entry) =>
        (entry.kind === "message" || entry.kind === "cancel" || entry.kind === "input") &&
        entry.body.id === id,
    );
    const [first] = found;
    if (found.length !== 1 || first === undefined)
      return [`P1: ${task} accepted ${id}, and has it ${found.length} times`];
    if (first.kind !== "input") return [];
    const kept = JSON.stringify(first.body.answer);
    return kept === said ? [] : [`P1: ${task} accepted ${said} for ${id}, and has ${kept}`];
  });
}

/** K6: a sub-agent's ending is its call's outcome, and none outlives its parent. */
export function checkChildren({ tasks }: Outcome): readonly string[] {
  return [...tasks.values()].flatMap(({ row, log }) => {
    const parent = row.parent === null ? undefined : tasks.get(row.parent);
    if (parent === undefined) return [];
    const open = parent.row.endedSeq !== null && row.endedSeq === null;
    const result = entriesOf(parent.log, "result").find(({ key }) => key === row.parentKey);
    const [ended] = entriesOf(log, "ended");
    const copied =
      result === undefined ||
      result.body.status !== "result" ||
      JSON.stringify(result.body.parts) === JSON.stringify(ended?.body.parts);
    return [
      ...(open ? [`K6: ${row.task} goes on although its parent has ended`] : []),
      ...(result?.body.status === "result" && ended?.body.state !== "completed"
        ? [`K6: ${row.task} is ${ended?.body.state}, and its call has a result`]
        : []),
      ...(copied ? [] : [`K6: the outcome of ${row.task} is not what its call came to`]),
    ];
  });
}

/** K4: a reply took what its model was shown, no more and no less. */
export function checkTaken({ ledger }: Outcome, task: string, log: readonly Entry[]): readonly string[] {
  const texts = new Map(entriesOf(log, "message").map(({ body }) => [body.id, textOf(body.message.parts)]));
  return entriesOf(log, "reply").flatMap(({ body, key }) => {
    if (body.outcome !== "answer" && body.outcome !== "calls") return [];
    const nth = Number(/said (\d+) times/.exec(textOf(body.parts))?.[1]) - 1;
    const call = ledger.modelCalls.find((one) => one.task === task && one.key === key && one.nth === nth);
    const took = body.took.map((id) => texts.get(id));
    const shown = call?.shown.filter((text) => !text.startsWith("What happened before")) ?? [];
    return isDeepStrictEqual(took, shown)
      ? []
      : [`K4: ${task} ${key} took ${took.join()}, and was shown ${shown.join()}`];
  });
}

/** W2: what a store was told to keep is there. */
export function checkReceipts(
  { ledger }: Outcome,
  task: string,
  late: readonly NewEntry[],
): readonly string[] {
  const kept = late.map(({ key }) => key);
  return ledger.receipts
    .filter((one) => one.task === task)
    .flatMap(({ entries }) =>
      entries.flatMap(({ key }) =>
        kept.includes(key) ? [] : [`W2: the receipt of ${task} ${key} is not kept`],
      ),
    );
}
