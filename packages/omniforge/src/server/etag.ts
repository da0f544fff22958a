/**
 * ETags of tasks, and what requests say of them. A task's tag is the last seq of its log: whatever can be seen of a task
 * follows from that, except that it was erased.
 */
import { OmniForgeError } from "../protocol/error.ts";
import type { Task } from "../protocol/task.ts";

/** A seq that no log ends with: every log begins with two entries. */
const never = 0;

export function taskTag({ headSeq, erased }: Task): string {
  return `"${headSeq}${erased ? "e" : ""}"`;
}

/** Whether a client has the current one (If-None-Match). Who compresses on the way makes tags weak. */
export function isFresh(ifNoneMatch: string | undefined, tag: string): boolean {
  return tagsOf(ifNoneMatch).some((one) => one === "*" || one.replace(/^W\//, "") === tag);
}

/**
 * The seq that the task's log must still end with when the request is performed (If-Match). None: whatever it ends with.
 *
 * One that is over already is given all the same: the store knows whether this very request was accepted before.
 */
export function expectedSeq(ifMatch: string | undefined, task: Task): { readonly seq?: number } {
  const tags = tagsOf(ifMatch);
  if (ifMatch === undefined || tags.includes("*")) return {};
  return { seq: tags.includes(taskTag(task)) ? task.headSeq : never };
}

/** Throws PRECONDITION_FAILED for a task that does not change any more, and is not what the client saw. */
export function checkTag(ifMatch: string | undefined, task: Task): void {
  if (expectedSeq(ifMatch, task).seq !== never) return;
  throw new OmniForgeError(
    "PRECONDITION_FAILED",
    `task ${task.task} is not as it was at If-Match: its tag is ${taskTag(task)}`,
  );
}

function tagsOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(",").map((one) => one.trim());
}
