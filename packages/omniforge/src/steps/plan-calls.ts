/**
 * From the calls that a model asked for to the descriptors that an engine runs (rule 4).
 *
 * Owns: what may run at once, what a person must be asked first, and what is wrong with a call. A wrong call gets its
 * error result in the reply's own commit: the model corrects it, nothing crashes, nothing is silently defaulted.
 */
import type { AgentSpec, ToolSpec } from "../protocol/agent-spec.ts";
import { maximumCalls, type Call } from "../protocol/call.ts";
import { entry, type EntryBody, type NewEntry } from "../protocol/entry.ts";
import { OmniForgeError, type ErrorCode, type Failure } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { Part, ToolCallPart } from "../protocol/message.ts";
import { stepKey } from "../protocol/step-key.ts";
import { hashOf } from "../store/blob-store.ts";
import type { TaskRow } from "../store/task-store.ts";
import { validate, type JsonSchema } from "../tools/schema.ts";
import { approvalPrompt } from "./approval-prompt.ts";
import { inTime } from "./in-time.ts";
import type { StepWorld } from "./step.ts";

export interface Reading {
  readonly row: TaskRow;
  readonly spec: AgentSpec;
  readonly turn: number;
  readonly parts: readonly Part[];
}

interface Planned {
  readonly call: Call;
  readonly entries: readonly NewEntry[];
}

/** The descriptors, and the requests and error results that belong to the reply's commit. */
export async function planCalls(
  world: StepWorld,
  reading: Reading,
): Promise<{ readonly calls: readonly Call[]; readonly entries: readonly NewEntry[] }> {
  const asked = reading.parts.filter((part) => part.type === "tool-call");
  const planned: Planned[] = [];
  let children = reading.row.children;
  for (const part of asked) {
    const one = await planCall(world, reading, part, children);
    if (one.call.runs === "agent" && one.entries.length === 0) children++;
    planned.push(one);
  }
  return { calls: planned.map(({ call }) => call), entries: planned.flatMap(({ entries }) => entries) };
}

async function planCall(
  world: StepWorld,
  { row, spec, turn }: Reading,
  part: ToolCallPart,
  children: number,
): Promise<Planned> {
  const tool = spec.tools.find((one) => one.name === part.name);
  const key = stepKey(turn, "tool", part.index);
  const call: Call = {
    index: part.index,
    key,
    name: part.name,
    runs: tool?.runs ?? "tool",
    effects: tool?.effects ?? "none",
    timeoutMs: tool?.timeoutMs ?? 0,
    ...(tool?.queue !== undefined && { queue: tool.queue }),
  };
  const wrong = await whatIsWrong(spec, tool, part);
  if (tool === undefined || wrong !== undefined)
    return { call, entries: [errorResult(call, wrong ?? { code: "TOOL_NOT_FOUND", message: part.name })] };
  switch (tool.runs) {
    case "question":
      return ask(
        call,
        { kind: "question", waits: "question" },
        { ...deadline(world, tool), prompt: promptOf(part.arguments), ...answerSchema(part.arguments) },
      );
    case "agent": {
      const full = row.limits.depth < 1 ? "deeper" : children >= row.limits.children ? "more" : undefined;
      if (full !== undefined)
        return {
          call,
          entries: [
            errorResult(call, {
              code: "LIMIT_REACHED",
              message: `this task may not open ${full} sub-agents`,
            }),
          ],
        };
      return { call: { ...call, child: `${row.task}.${turn}.${part.index}` }, entries: [] };
    }
    case "tool": {
      if (!(await needsApproval(world, tool, part.arguments))) return { call, entries: [] };
      const prompt = await approvalPrompt(world, row, tool.name, part.arguments);
      const bound = {
        tool: tool.name,
        arguments: part.arguments,
        argumentsHash: hashOf(JSON.stringify(part.arguments)),
      };
      return ask(
        call,
        { kind: "approval", waits: "approval" },
        { ...deadline(world, tool), prompt, ...bound },
      );
    }
  }
}

async function whatIsWrong(
  spec: AgentSpec,
  tool: ToolSpec | undefined,
  part: ToolCallPart,
): Promise<Failure | undefined> {
  if (part.index >= maximumCalls)
    return failure("LIMIT_REACHED", `a reply may make ${maximumCalls} calls; this one was not made`);
  if (tool === undefined)
    return failure(
      "TOOL_NOT_FOUND",
      `there is no tool ${part.name}; there are: ${spec.tools.map((one) => one.name).join(", ") || "none"}`,
    );
  if (part.malformed !== undefined)
    return failure(
      "INVALID_INPUT",
      `the arguments are not JSON that can be taken: ${part.malformed.slice(0, 300)}`,
    );
  try {
    await validate(tool.parameters as JsonSchema, part.arguments);
    return undefined;
  } catch (thrown) {
    if (OmniForgeError.is(thrown, "INVALID_INPUT"))
      return failure("INVALID_INPUT", `wrong arguments: ${thrown.message}`);
    // A schema that can't be checked: thrown, it would lose a reply that is paid for, and its repetition the next.
    if (OmniForgeError.is(thrown, "INVALID_AGENT")) return failure("INVALID_AGENT", thrown.message);
    throw thrown;
  }
}

const failure = (code: ErrorCode, message: string): Failure => ({ code, message });

function errorResult(call: Call, error: Failure): NewEntry {
  return entry("result", { name: call.name, status: "error", parts: [], error }, call.key);
}

/** How long a tool's rule may take to say whether a person must be asked. */
const patienceMs = 10_000;

/** Where the tool is not registered, throws, or does not say in time, a person decides: never the unsafe default. */
async function needsApproval(world: StepWorld, spec: ToolSpec, parameters: Json): Promise<boolean> {
  if (spec.approval !== "tool") return spec.approval === "always";
  const tool = world.tools.get(spec.name);
  if (tool === undefined) return true;
  try {
    return (await inTime(world, patienceMs, () => tool.needsApproval(parameters))) ?? true;
  } catch {
    return true;
  }
}

function ask(
  call: Call,
  how: { kind: "approval" | "question"; waits: "approval" | "question" },
  request: Omit<EntryBody<"request">, "id" | "key" | "kind">,
): Planned {
  return {
    call: { ...call, waits: how.waits },
    entries: [entry("request", { ...request, id: call.key, key: call.key, kind: how.kind })],
  };
}

/** Until when a person may answer on behalf of a call. */
export function deadline(world: StepWorld, { deadlineMs }: ToolSpec): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: world.now() + deadlineMs };
}

function promptOf(parameters: Json): string {
  if (
    typeof parameters === "object" &&
    parameters !== null &&
    !Array.isArray(parameters) &&
    typeof parameters["question"] === "string"
  )
    return parameters["question"];
  return JSON.stringify(parameters);
}

/** A question that names its options takes only these. */
function answerSchema(parameters: Json): { schema?: Json } {
  if (typeof parameters !== "object" || parameters === null || Array.isArray(parameters)) return {};
  const { options } = parameters;
  return Array.isArray(options) && options.length > 0 ? { schema: { enum: options } } : {};
}
