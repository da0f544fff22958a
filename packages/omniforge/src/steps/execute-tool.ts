/**
 * Running a tool's function once: its context, its time limit, its abort, and what it returned as parts.
 *
 * Never throws what the tool threw: every ending is a value. A tool that ignores its signal is left behind when its time
 * is over; it can't be stopped inside this process.
 */
import { z } from "zod";
import { nameAttempt } from "../protocol/attempt.ts";
import type { Call } from "../protocol/call.ts";
import { toFailure, type Failure } from "../protocol/error.ts";
import { inputRequest } from "../protocol/input.ts";
import { json, repairText, type Json } from "../protocol/json.ts";
import type { Part } from "../protocol/message.ts";
import type { TaskRow } from "../store/task-store.ts";
import { toJsonSchema, type JsonSchema } from "../tools/schema.ts";
import { InputRequired, ToolNotStarted, type Tool } from "../tools/tool.ts";
import type { Attempt, StepWorld } from "./step.ts";
import { toParts } from "./tool-parts.ts";

export interface Execution {
  readonly parts: readonly Part[];
  readonly durationMs: number;
}

export type Executed =
  /** Its parts are whole: what the log holds of them is `keepParts`'s. */
  | ({ readonly kind: "returned" } & Execution)
  | ({ readonly kind: "failed"; readonly error: Failure } & Execution)
  | { readonly kind: "not-started"; readonly error: Failure }
  /** `late`: what it comes to in the end, if it ever does. */
  | { readonly kind: "timeout"; readonly error: Failure; readonly late: Promise<Executed> }
  | { readonly kind: "asks"; readonly prompt: string; readonly schema: Json | undefined }
  | { readonly kind: "aborted"; readonly late?: Promise<Executed> };

export interface ToolCallRun {
  readonly tool: Tool;
  readonly call: Call;
  readonly row: TaskRow;
  readonly parameters: Json;
  readonly answers: readonly Json[];
  /** Whether a person approved exactly these parameters. */
  readonly approved: boolean;
}

export async function execute(world: StepWorld, attempt: Attempt, run: ToolCallRun): Promise<Executed> {
  const { call, tool, row } = run;
  const started = world.now();
  const stop = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => stop.abort(attempt.signal.reason);
  if (attempt.signal.aborted) onAbort();
  attempt.signal.addEventListener("abort", onAbort, { once: true });
  const { task, tenant } = row;
  const said = { task, key: call.key, attempt: nameAttempt(row.headSeq, world.nonce()) };
  let offset = 0;
  const progress = (text: string): void => {
    if (offset === 0) world.publish({ type: "reset", ...said }, tenant);
    world.publish({ type: "delta", ...said, channel: "progress", offset, text }, tenant);
    offset += text.length;
  };
  const context = {
    tenant,
    task,
    idempotencyKey: `${task}/${call.key}`,
    signal: stop.signal,
    workspace: row.workspace ?? world.workspace,
    answers: run.answers,
    approved: run.approved,
    progress,
  };
  const settled = Promise.resolve()
    .then(() => tool.execute(run.parameters, context))
    .then((output): Executed => ({
      kind: "returned",
      parts: toParts(output),
      durationMs: world.now() - started,
    }))
    .catch((thrown: unknown): Executed => toExecuted(thrown, world.now() - started));
  const late = world.sleep(call.timeoutMs, timer.signal).then(
    () => "late" as const,
    () => "late" as const,
  );
  const aborted = new Promise<"gone">((resolve) => {
    // K7: a cancelled tool gets a grace time to come back by itself, and what it then returns counts.
    const wait = (): void =>
      void world.sleep(world.cancelGraceMs, timer.signal).then(
        () => resolve("gone"),
        () => resolve("gone"),
      );
    if (stop.signal.aborted) wait();
    else stop.signal.addEventListener("abort", wait, { once: true });
  });
  try {
    const first = await Promise.race([settled, late, aborted]);
    if (first === "late") {
      stop.abort(new Error("the tool's time is over"));
      return {
        kind: "timeout",
        error: { code: "TOOL_TIMEOUT", message: `${call.name} did not finish within ${call.timeoutMs} ms` },
        late: settled,
      };
    }
    if (first === "gone") return { kind: "aborted", late: settled };
    // What an aborted tool throws is its way of stopping, not a failure.
    return attempt.signal.aborted && first.kind === "failed" ? { kind: "aborted" } : first;
  } finally {
    timer.abort(isOver);
    attempt.signal.removeEventListener("abort", onAbort);
  }
}

/** Made once: an abort without a reason makes a DOMException with its stack each time. */
const isOver = new Error("the call is over");

/** Never throws, whatever was thrown: not every object lets itself be looked at. */
function toExecuted(thrown: unknown, durationMs: number): Executed {
  const failure = toFailure(thrown, "TOOL_FAILED");
  const error = { code: failure.code, message: repairText(failure.message) };
  try {
    if (thrown instanceof InputRequired) return toQuestion(thrown, durationMs);
    const name = thrown instanceof Error ? thrown.name : "";
    if (thrown instanceof ToolNotStarted || name === "ToolNotStarted") return { kind: "not-started", error };
  } catch {
    // It is neither of ours.
  }
  return { kind: "failed", error, parts: [], durationMs };
}

/** Characters of a question, and of the schema of its answer: both stand in the task's head while it is open. */
const maximumQuestion = 100_000;
const questionText = z.string().transform(repairText).pipe(inputRequest.shape.prompt.max(maximumQuestion));

/** What is asked is stored: a broken text is mended; what nobody could be asked, or answer, is the tool's failure. */
function toQuestion({ prompt, schema }: InputRequired, durationMs: number): Executed {
  const refused = (why: string): Executed => ({
    kind: "failed",
    error: { code: "TOOL_FAILED", message: `it asked for input with a wrong ${why}` },
    parts: [],
    durationMs,
  });
  const asked = questionText.safeParse(prompt);
  if (!asked.success) return refused(`prompt: ${z.prettifyError(asked.error)}`);
  try {
    const written = schema === undefined ? undefined : toJsonSchema(json.parse(schema) as JsonSchema);
    if (written !== undefined && JSON.stringify(written).length > maximumQuestion)
      return refused(`schema: it has more than ${maximumQuestion} characters`);
    return { kind: "asks", prompt: asked.data, schema: written };
  } catch (thrown) {
    return refused(`schema: ${toFailure(thrown).message}`);
  }
}
