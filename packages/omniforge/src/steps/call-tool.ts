/**
 * The tool step: one attempt at one call, and the only way in which a tool is run.
 *
 * Owns: looking into the log first (K1), approvals bound to their arguments (K5), the claim of `once` tools (K3), the
 * attempt's time limit, and what each way of failing means for each effect class. Expected failures are values (rule 7).
 */
import type { ToolSpec } from "../protocol/agent-spec.ts";
import type { Call } from "../protocol/call.ts";
import { entry, type EntryBody, type EntryOf, type NewEntry, type ResultStatus } from "../protocol/entry.ts";
import type { Failure } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import { parseStepKey, siblingKey } from "../protocol/step-key.ts";
import type { Tool } from "../tools/tool.ts";
import { readSpec } from "./create-task.ts";
import { execute, type Executed, type Execution } from "./execute-tool.ts";
import { abortedStep } from "./model-attempt.ts";
import { notHere } from "./not-here.ts";
import { deadline } from "./plan-calls.ts";
import { deathsUntilPoisoned, isPoisoned, nextDelay, waitsUntil } from "./retry.ts";
import { keepParts } from "./tool-parts.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import {
  asksOutcome,
  claimOf,
  deathsOf,
  failuresOf,
  inputTo,
  outcomeOf,
  requestsOf,
  viewTurn,
  type TurnView,
} from "./turn-view.ts";

/** What one call may have asked people; a tool that is never content must not keep them answering for ever. */
const maximumRequests = 32;

/** The call again when it now waits for something; `done` when it has its outcome. */
export type ToolOutcome = StepResult<Call | "done">;

export async function callTool(world: StepWorld, attempt: Attempt, call: Call): Promise<ToolOutcome> {
  const read = await world.store.turn(attempt);
  if (read === undefined) return { kind: "stopped", why: "missing" };
  const view = viewTurn(read);
  const { row } = view;
  const { key } = call;
  if (parseStepKey(key).turn < row.turn) return done("done");
  if (outcomeOf(view, key) !== undefined) return done("done");
  if (row.endedSeq !== null) return { kind: "stopped", why: "ended" };
  if (row.cancelSeq !== null) return { kind: "canceled" };
  const part = view.reply?.body.parts.find((one) => one.type === "tool-call" && one.index === call.index);
  const spec = (await readSpec(world, row)).tools.find((one) => one.name === call.name);
  if (part?.type !== "tool-call" || spec === undefined) return { kind: "stopped", why: "stale" };

  const permitted = permit(view, call, part.arguments);
  if ("waiting" in permitted) return done(permitted.waiting);
  const run: ToolRun = {
    world,
    attempt,
    call,
    view,
    spec,
    parameters: permitted.parameters,
    approved: permitted.approved,
    nonce: world.nonce(),
  };
  const failures = failuresOf(view, key).filter((one) => one.body.error.code !== "TOOL_NOT_HERE");
  if (isPoisoned(deathsOf(view, key))) {
    return settle(run, "error", {
      code: "POISONED",
      message: `this call killed its process ${deathsUntilPoisoned} times running alone and is not tried again`,
    });
  }
  const waits = waitsUntil(failures.at(-1), spec.retry, world.now());
  if (waits !== undefined) return { kind: "retry", at: waits, code: "TOOL_FAILED" };
  const tool = world.tools.get(call.name);
  if (tool === undefined) {
    const message = `no process here has the tool ${call.name}`;
    return notHere(world, attempt, view, key, { code: "TOOL_NOT_HERE", message }, call.name);
  }

  if (call.effects === "once") {
    const claimed = await claim(run);
    if (claimed !== "claimed") return claimed;
  }
  return perform(run, tool, failures.length + 1);
}

interface ToolRun {
  readonly world: StepWorld;
  readonly attempt: Attempt;
  readonly call: Call;
  readonly view: TurnView;
  readonly spec: ToolSpec;
  readonly parameters: Json;
  readonly approved: boolean;
  /** This invocation's, for a `once` call. */
  readonly nonce: string;
}

/** K5: an approved call runs exactly the arguments that were approved, or those that the approver put in their place. */
function permit(
  view: TurnView,
  call: Call,
  written: Json,
): { readonly parameters: Json; readonly approved: boolean } | { readonly waiting: Call } {
  const requests = requestsOf(view, call.key);
  const open = requests.find(({ body }) => inputTo(view, body.id) === undefined);
  if (open !== undefined)
    return { waiting: { ...call, waits: open.body.kind === "approval" ? "approval" : "question" } };
  const last = requests.at(-1);
  if (last !== undefined && isSettledBy(view, last)) return { waiting: { ...call, waits: "question" } };
  const approval = requests.find(({ body }) => body.kind === "approval");
  if (approval === undefined) return { parameters: written, approved: false };
  const given = inputTo(view, approval.body.id)?.body.answer;
  if (given?.decision !== "approve") return { waiting: { ...call, waits: "approval" } };
  return { parameters: given.arguments ?? approval.body.arguments ?? written, approved: true };
}

/** A question's answer that leaves nothing to run: a refusal, an expiry, or what became of a call whose outcome is lost. */
function isSettledBy(view: TurnView, request: EntryOf<"request">): boolean {
  if (request.body.kind !== "question") return false;
  return asksOutcome(request) || inputTo(view, request.body.id)?.body.answer?.decision !== "answer";
}

/** K3: a claim of somebody else's without an outcome means that the effect may have happened. */
async function claim(run: ToolRun): Promise<"claimed" | ToolOutcome> {
  const { world, attempt, call, view } = run;
  const found = claimOf(view, call.key);
  if (found.held) return unknown(run);
  const { turn } = parseStepKey(call.key);
  const result = await record(world, attempt, [entry("claim", { nonce: run.nonce }, found.next)], {
    key: found.next,
    turn,
  });
  if (result.kind === "committed") return "claimed";
  return result.kind === "found" ? unknown(run) : refusedStep(result);
}

async function perform(run: ToolRun, tool: Tool, attemptNumber: number): Promise<ToolOutcome> {
  const { world, call } = run;
  const executed = await execute(world, run.attempt, {
    tool,
    call,
    row: run.view.row,
    parameters: run.parameters,
    approved: run.approved,
    answers: answersOf(run),
  });
  const started = call.effects === "once";
  if (started && "late" in executed && executed.late !== undefined) void keepAside(run, executed.late);
  switch (executed.kind) {
    case "returned": {
      const parts = await keepParts(world.blobs, run.attempt, executed.parts);
      return settle(run, "result", undefined, { ...executed, parts });
    }
    case "asks":
      return askAgain(run, executed);
    case "not-started":
      return retry(run, executed.error, attemptNumber, "release");
    case "failed":
      return started
        ? settle(run, "error", executed.error, executed)
        : retry(run, executed.error, attemptNumber, "error");
    case "timeout":
      return started ? unknown(run, executed.error) : retry(run, executed.error, attemptNumber, "timeout");
    case "aborted": {
      // A claim stays: whoever comes next finds it, and says unknown. A cancelled `once` is unknown now, never canceled.
      const aborted = await abortedStep(world, run.attempt);
      if (aborted.kind === "canceled" && started) await unknown(run);
      return aborted;
    }
  }
}

/** Records the call's outcome. What a `once` call really returned is kept aside when it comes too late. */
async function settle(
  run: ToolRun,
  status: ResultStatus,
  error?: Failure,
  executed?: Pick<Execution, "parts" | "durationMs">,
): Promise<ToolOutcome> {
  const { world, attempt, call } = run;
  const { turn } = parseStepKey(call.key);
  const parts = [...(executed?.parts ?? [])];
  const body: EntryBody<"result"> = {
    name: call.name,
    status,
    parts,
    ...(error && { error }),
    ...(executed && { durationMs: executed.durationMs }),
  };
  const result = await record(world, attempt, [entry("result", body, call.key)], {
    key: call.key,
    turn,
    keepLate: executed !== undefined && call.effects === "once",
  });
  return result.kind === "committed" || result.kind === "found" ? done("done") : refusedStep(result);
}

/** What a `once` call returns after it was given up is no outcome any more, but a receipt that must not be lost (W2). */
async function keepAside({ world, attempt, call }: ToolRun, late: Promise<Executed>): Promise<void> {
  const executed = await late;
  if (executed.kind !== "returned") return;
  try {
    const parts = [...(await keepParts(world.blobs, attempt, executed.parts))];
    const body = { name: call.name, status: "result" as const, parts, durationMs: executed.durationMs };
    // Of a turn that never is: never inserted, always kept.
    await record(world, attempt, [entry("result", body, call.key)], { turn: 0, keepLate: true });
  } catch {
    // The store is closed by now, or full: there is nobody left to tell.
  }
}

/** The effect may or may not have happened: the model is told, or a person is asked what to tell it. */
async function unknown(run: ToolRun, cause?: Failure): Promise<ToolOutcome> {
  const { call, spec } = run;
  const why = cause === undefined ? "its process stopped before the outcome was recorded" : cause.message;
  const message = `${call.name} was started, but ${why}: whether it took effect is unknown. It was not repeated.`;
  if (spec.unknown === "model") return settle(run, "unknown", { code: cause?.code ?? "TASK_LOST", message });
  const prompt = `${message} What shall the agent be told?`;
  return askPerson(
    run,
    { id: `${call.key}.unknown`, key: call.key, kind: "question", tool: call.name, prompt },
    [],
  );
}

/** Asks a person on behalf of a call that has run; a question that was asked first, by another attempt, counts. */
async function askPerson(
  run: ToolRun,
  request: EntryBody<"request">,
  released: readonly NewEntry[],
): Promise<ToolOutcome> {
  const { world, attempt, call, view } = run;
  const key = siblingKey(call.key, "ask", requestsOf(view, call.key).length + 1);
  const preconditions = { key: call.key, turn: parseStepKey(call.key).turn };
  const asked = entry("request", { ...request, ...deadline(world, run.spec) }, key);
  const result = await record(world, attempt, [...released, asked], preconditions);
  if (result.kind === "found")
    return result.entry.kind === "result" ? done("done") : done({ ...call, waits: "question" });
  return result.kind === "committed" ? done({ ...call, waits: "question" }) : refusedStep(result);
}

/** The next attempt, while the tool's policy allows one; else the failure is the outcome. */
async function retry(
  run: ToolRun,
  error: Failure,
  failures: number,
  how: "release" | "error" | "timeout",
): Promise<ToolOutcome> {
  const { world, attempt, call, spec, view } = run;
  const delay = nextDelay(spec.retry, failures);
  if (delay === undefined) return settle(run, how === "timeout" ? "timeout" : "error", error);
  const retryAt = world.now() + delay;
  const entries: NewEntry[] = [entry("attempt", { step: call.key, error, retryAt })];
  if (how === "release" && call.effects === "once") entries.unshift(releaseOf(view, run, error));
  const result = await record(world, attempt, entries, { key: call.key, turn: parseStepKey(call.key).turn });
  return result.kind === "committed" || result.kind === "found"
    ? { kind: "retry", at: retryAt, code: error.code }
    : refusedStep(result);
}

/** The release of this invocation's claim stands under the claim's own ordinal. */
function releaseOf(view: TurnView, { call, nonce }: ToolRun, error: Failure): NewEntry {
  const { ordinal } = parseStepKey(claimOf(view, call.key).next);
  return entry("release", { nonce, error }, siblingKey(call.key, "release", ordinal));
}

/** A tool that needs an answer first: it has done nothing that counts, so its claim is free again. */
async function askAgain(
  run: ToolRun,
  asks: { readonly prompt: string; readonly schema: Json | undefined },
): Promise<ToolOutcome> {
  const { call, view } = run;
  const { prompt, schema } = asks;
  const asked = requestsOf(view, call.key).length;
  if (asked >= maximumRequests) {
    const message = `${call.name} asked for input once more after ${asked} requests: it is asked no further`;
    return settle(run, "error", { code: "TOOL_FAILED", message });
  }
  const id = `${call.key}.${asked + 1}`;
  const released =
    call.effects === "once"
      ? [releaseOf(view, run, { code: "TOOL_FAILED", message: "asked for input before it started" })]
      : [];
  return askPerson(
    run,
    { id, key: call.key, kind: "question", tool: call.name, prompt, ...(schema !== undefined && { schema }) },
    released,
  );
}

function answersOf({ view, call }: ToolRun): readonly Json[] {
  const questions = requestsOf(view, call.key).filter(({ body }) => body.kind === "question");
  return questions.flatMap(({ body }) => {
    const given = inputTo(view, body.id)?.body.answer;
    return given?.decision === "answer" ? [given.value] : [];
  });
}
