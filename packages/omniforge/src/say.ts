/**
 * Saying something to a task, whatever it waits for: the answer to its one open question, where that takes text; else a
 * message, which the next turn takes.
 */
import { isListening } from "./agents/conversation.ts";
import type { OmniForge } from "./create-omniforge.ts";
import type { Entry } from "./protocol/entry.ts";
import { textOf, type Message } from "./protocol/message.ts";
import type { Task } from "./protocol/task.ts";

type Accepting = Pick<OmniForge, "accept">;

/** What became of what was said: an entry of the log, under the message's id or the request's that it answers. */
export interface Said {
  readonly as: "message" | "answer";
  readonly id: string;
  readonly seq: number;
}

/** Says it once for its id; `seq`: only where the log still ends with it. Throws TASK_ENDED or PRECONDITION_FAILED. */
export async function say(
  forge: Accepting,
  task: Task,
  message: Message,
  { id, actor, seq }: { readonly id: string; readonly actor?: string; readonly seq?: number },
): Promise<Said> {
  const by = { ...(actor !== undefined && { actor }), ...(seq !== undefined && { seq }) };
  const [question, ...others] = task.pending.filter((one) => one.kind === "question" && !isListening(one));
  const isText = message.parts.every(({ type }) => type === "text");
  if (question !== undefined && others.length === 0 && isText && takesText(question.schema)) {
    const answer = { decision: "answer" as const, value: textOf(message.parts) };
    const { entry } = await forge.accept(task.task, {
      kind: "answer",
      request: question.id,
      answer,
      message: id,
      ...by,
    });
    return became(entry, id);
  }
  const { entry } = await forge.accept(task.task, { kind: "message", id, message, ...by });
  return became(entry, id);
}

/** What it became when it was said first: the task may wait for something else by now. */
function became({ seq, ...entry }: Entry, message: string): Said {
  return entry.kind === "input"
    ? { as: "answer", id: entry.body.id, seq }
    : { as: "message", id: message, seq };
}

/** A question without a schema takes text. */
function takesText(schema: unknown): boolean {
  if (schema === undefined) return true;
  return typeof schema === "object" && schema !== null && "type" in schema && schema.type === "string";
}
