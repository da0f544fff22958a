/**
 * Running a tool's function once: its context, its time limit, its abort, and what it returned as parts.
 *
 * Never throws what the tool threw: every ending is a value. A tool that ignores its signal is left behind when its time
 * is over; it can't be stopped inside this process.
 */
import type { Call } from "../protocol/call.ts";
import { OmniForgeError, toFailure, type Failure } from "../protocol/error.ts";
import { json, repairText, type Json } from "../protocol/json.ts";
import { part as partShape, type Part } from "../protocol/message.ts";
import type { TaskRow } from "../store/task-store.ts";
import { toJsonSchema, type JsonSchema } from "../tools/schema.ts";
import { InputRequired, ToolNotStarted, type Tool, type ToolOutput } from "../tools/tool.ts";
import { keepFile } from "./files.ts";
import type { Attempt, StepWorld } from "./step.ts";

export interface Execution {
  readonly parts: readonly Part[];
  readonly durationMs: number;
}

export type Executed =
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
  const name = world.nonce();
  let offset = 0;
  const progress = (text: string): void => {
    world.publish({
      type: "delta",
      task: row.task,
      key: call.key,
      attempt: name,
      channel: "progress",
      offset,
      text,
    });
    offset += text.length;
  };
  const context = {
    tenant: row.tenant,
    task: row.task,
    idempotencyKey: `${row.task}/${call.key}`,
    signal: stop.signal,
    workspace: row.workspace ?? world.workspace,
    answers: run.answers,
    approved: run.approved,
    progress,
  };
  const settled = Promise.resolve()
    .then(() => tool.execute(run.parameters, context))
    .then(async (output): Promise<Executed> => ({
      kind: "returned",
      parts: await toParts(world, attempt, output),
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

function toExecuted(thrown: unknown, durationMs: number): Executed {
  const name = thrown instanceof Error ? thrown.name : "";
  if (thrown instanceof InputRequired) return toQuestion(thrown, durationMs);
  const failure = toFailure(thrown, "TOOL_FAILED");
  const error = { code: failure.code, message: repairText(failure.message) };
  if (thrown instanceof ToolNotStarted || name === "ToolNotStarted") return { kind: "not-started", error };
  return { kind: "failed", error, parts: [], durationMs };
}

/** What is asked is stored: a broken text is mended, and a schema that nobody could answer is the tool's failure. */
function toQuestion({ prompt, schema }: InputRequired, durationMs: number): Executed {
  try {
    const written = schema === undefined ? undefined : toJsonSchema(json.parse(schema) as JsonSchema);
    return { kind: "asks", prompt: repairText(prompt), schema: written };
  } catch (thrown) {
    const { message } = toFailure(thrown);
    const error = { code: "TOOL_FAILED", message: `it asked for input with a wrong schema: ${message}` };
    return { kind: "failed", error, parts: [], durationMs };
  }
}

/** JSON would write these as null: a result that changes on its way is an error that the tool's author can see. */
function refuseLoss(name: string, value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  throw new OmniForgeError(
    "TOOL_FAILED",
    `the tool returned ${value}${name === "" ? "" : ` as ${name}`}, which is not JSON`,
  );
}

/** Results above this many characters go to a blob; the log keeps the start of them. */
const inlineCharacters = 32_768;
const previewCharacters = 4_096;

async function toParts(world: StepWorld, attempt: Attempt, output: ToolOutput): Promise<readonly Part[]> {
  if (typeof output === "string") return [await fit(world, attempt, repairText(output))];
  const parts =
    typeof output === "object" && output !== null && "parts" in output
      ? partShape.array().safeParse(output.parts)
      : undefined;
  if (parts?.success === true) return Promise.all(parts.data.map((part) => fitPart(world, attempt, part)));
  const value = json.parse(JSON.parse(JSON.stringify(output ?? null, refuseLoss)));
  return [await fitPart(world, attempt, { type: "data", value })];
}

async function fitPart(world: StepWorld, attempt: Attempt, part: Part): Promise<Part> {
  if (part.type === "text") return fit(world, attempt, part.text);
  if (part.type === "file") return keepFile(world.blobs, attempt, part);
  if (part.type !== "data") return part;
  const written = JSON.stringify(part.value);
  return written.length > inlineCharacters ? fit(world, attempt, written) : part;
}

async function fit(world: StepWorld, attempt: Attempt, text: string): Promise<Part> {
  if (text.length <= inlineCharacters) return { type: "text", text };
  const blob = await world.blobs.put(attempt, new TextEncoder().encode(text));
  const preview = `${repairText(text.slice(0, previewCharacters))}\n[… the first ${previewCharacters} of ${text.length} characters; the whole is kept as ${blob.hash}]`;
  return { type: "reference", preview, blob };
}
