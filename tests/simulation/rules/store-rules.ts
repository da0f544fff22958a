/** What a store must do with each write, seen from where it is called. */
import type { TaskReference } from "omniforge/protocol";
import type { Commit, CommitResult, ExecutionStore } from "omniforge/store";
import type { Shared } from "../place-store.ts";

/** Commits, and notes what the store must not have done. */
export async function judgeCommit({ watch, ledger }: Shared, commit: Commit): Promise<CommitResult> {
  const before = watch.tasks.get(commit.task)?.row;
  const result = await watch.store.commit(commit);
  if (result.kind !== "committed") {
    const kept = commit.keepLate === true && before?.erased === false;
    if (kept) ledger.receipts.push({ task: commit.task, entries: commit.entries });
    return result;
  }
  const { fence } = commit;
  if (before !== undefined && fence !== undefined && before.fence !== fence)
    ledger.breach(
      "fence",
      `${commit.task} is written to under fence ${fence}, and its fence is ${before.fence}`,
    );
  if (result.entries.length !== commit.entries.length)
    ledger.breach(
      "W1",
      `${commit.task}: ${result.entries.length} of ${commit.entries.length} entries are written`,
    );
  return result;
}

type Park = Parameters<ExecutionStore["release"]>[2];

/** Only whoever holds the task can release it. */
export async function judgeRelease(
  { watch, ledger }: Shared,
  one: TaskReference,
  fence: number,
  park: Park,
): Promise<void> {
  const before = watch.tasks.get(one.task)?.row;
  await watch.store.executions.release(one, fence, park);
  const after = await watch.store.row(one);
  if (before?.fence === fence || before?.owner === after?.owner) return;
  ledger.breach("fence", `${one.task} is released under fence ${fence}, and its fence is ${before?.fence}`);
}
