/**
 * Following a task for a program: to its end, or to where only a person can help.
 *
 * A log is followed from its start, and others may answer at any time: only what is still open is asked, and an answer
 * that came second is no failure of whoever gave it.
 */
import type { OmniForge, RunOptions } from "./create-omniforge.ts";
import { OmniForgeError, type ErrorCode } from "./protocol/error.ts";

type Attended = Pick<OmniForge, "follow" | "get" | "respond">;

/** The request was answered by somebody else, has expired, or was withdrawn. */
const settled: readonly ErrorCode[] = ["ALREADY_ANSWERED", "DEADLINE_PASSED", "TASK_ENDED"];

/** Resolves once the task has ended, or a request is open and `answer` has nothing to say to it. */
export async function attend(forge: Attended, root: string, answer: RunOptions["answer"]): Promise<void> {
  for await (const event of forge.follow(root, { descendants: true })) {
    if (event.type !== "entry" || event.entry.kind !== "request") continue;
    const { task, entry } = event;
    const isOpen = async (): Promise<boolean> =>
      (await forge.get(task)).pending.some(({ id }) => id === entry.body.id);
    if (!(await isOpen())) continue;
    const given = await answer?.(entry.body, task);
    if (given === undefined) {
      if (await isOpen()) return;
      continue;
    }
    try {
      await forge.respond(task, entry.body.id, given);
    } catch (thrown) {
      if (!settled.some((code) => OmniForgeError.is(thrown, code))) throw thrown;
    }
  }
}
