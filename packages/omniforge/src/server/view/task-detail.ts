/** A task with what was said in it last. */
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { Part } from "../../protocol/message.ts";
import type { Task } from "../../protocol/task.ts";
import { shownEntries } from "../shapes.ts";
import { artifactsIn, type Artifact } from "./artifacts.ts";

export interface Said {
  readonly seq: number;
  readonly at: number;
  readonly role: "user" | "assistant";
  readonly actor?: string;
  readonly parts: readonly Part[];
}

export type TaskDetail = Task & {
  readonly messages: readonly Said[];
  readonly artifacts: readonly Artifact[];
};

/** Reads the end of the log, however long that is. */
export async function taskDetail(forge: OmniForge, task: Task): Promise<TaskDetail> {
  const entries = await forge.log(task.task, Math.max(0, task.headSeq - shownEntries), shownEntries);
  return {
    ...task,
    messages: task.erased ? [] : entries.flatMap(toSaid),
    artifacts: task.erased ? [] : artifactsIn(entries),
  };
}

function toSaid(entry: Entry): Said[] {
  const { seq, at, kind, body } = entry;
  if (kind === "message") {
    const { message, actor } = body;
    return [{ seq, at, role: message.role, parts: message.parts, ...(actor !== undefined && { actor }) }];
  }
  if (kind !== "reply") return [];
  const parts = body.parts.filter(({ type }) => type !== "reasoning" && type !== "tool-call");
  return parts.length === 0 ? [] : [{ seq, at, role: "assistant", parts }];
}
