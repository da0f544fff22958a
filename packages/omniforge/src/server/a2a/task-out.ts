/** A task as A2A shows it: from its head, its outline, and what is open of its sub-agents. */
import type { Failure } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { TaskReference, TaskState as OurState } from "../../protocol/task.ts";
import type { TaskHead } from "../../store/task-store.ts";
import type { Asked } from "./answer.ts";
import { inputsExtension } from "./extension.ts";
import type { Made, Said } from "./outline.ts";
import { dataPart, textPart, toTheirParts } from "./parts-out.ts";
import { Role, TaskState, type Artifact, type Message, type Part, type TaskStatus } from "./sdk.ts";
import type { Window } from "./window.ts";

export const stateNames: Readonly<Record<OurState, TaskState>> = {
  submitted: TaskState.TASK_STATE_SUBMITTED,
  working: TaskState.TASK_STATE_WORKING,
  "input-required": TaskState.TASK_STATE_INPUT_REQUIRED,
  "auth-required": TaskState.TASK_STATE_AUTH_REQUIRED,
  completed: TaskState.TASK_STATE_COMPLETED,
  failed: TaskState.TASK_STATE_FAILED,
  canceled: TaskState.TASK_STATE_CANCELED,
  rejected: TaskState.TASK_STATE_REJECTED,
};

type Named = Pick<TaskHead, "tenant" | "task" | "context">;

export function agentMessage(
  { task, context }: Named,
  id: string,
  parts: Part[],
  extensions: string[] = [],
): Message {
  return {
    messageId: `${task}/${id}`,
    taskId: task,
    contextId: context,
    role: Role.ROLE_AGENT,
    parts,
    extensions,
    metadata: undefined,
    referenceTaskIds: [],
  };
}

/** What was said, as a message of the task's history. */
export async function toTheirMessage(window: Window, named: Named, said: Said): Promise<Message> {
  const parts = await toTheirParts(window, named, said.parts);
  if (said.by === "agent") return agentMessage(named, said.id, parts);
  return { ...agentMessage(named, said.id, parts), role: Role.ROLE_USER, messageId: said.id };
}

export async function toTheirArtifact(window: Window, task: TaskReference, made: Made): Promise<Artifact> {
  return {
    artifactId: made.id,
    name: made.name,
    description: "",
    parts: await toTheirParts(window, task, made.parts),
    metadata: undefined,
    extensions: [],
  };
}

export interface StatusFacts {
  readonly state: OurState;
  readonly asked: readonly Asked[];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly error?: Failure | undefined;
  /** What the agent says by the way. */
  readonly words?: Message | undefined;
}

export function toTheirStatus(named: Named, { state, asked, at, error, words }: StatusFacts): TaskStatus {
  return {
    state: stateNames[state],
    message: asked.length > 0 ? askingMessage(named, asked) : error ? failure(named, error) : words,
    timestamp: new Date(at).toISOString(),
  };
}

function failure(named: Named, { code, message }: Failure): Message {
  return agentMessage(named, "error", [textPart(message), dataPart({ code, message })]);
}

/** The words for people; and for programs one data part per request, by which it can be answered exactly. */
function askingMessage(named: Named, asked: readonly Asked[]): Message {
  const words = asked.map(({ request }) => textPart(request.prompt));
  const forms = asked.map((one) => dataPart(describe(one)));
  return agentMessage(named, `asks/${asked[0]?.request.id ?? ""}`, [...words, ...forms], [inputsExtension]);
}

function describe({ task, request }: Asked): Record<string, Json> {
  const { id, kind, tool, schema, limit, deadline } = request;
  return {
    task,
    request: id,
    kind,
    ...(tool !== undefined && { tool }),
    ...(request.arguments !== undefined && { arguments: request.arguments }),
    ...(schema !== undefined && { schema }),
    ...(limit !== undefined && { limit }),
    ...(deadline !== undefined && { deadline: new Date(deadline).toISOString() }),
  };
}
