/**
 * What holds for every log, and for every log beside its ledger, whatever happened. Checked after each scenario.
 *
 * Owns: the invariants that can be read off a finished scenario (W1, W2, K1, K3, and "nothing lost, nothing repeated").
 * Does not own what a particular scenario should have come to: its expected log says that.
 */
import assert from "node:assert/strict";
import { isKind, type Entry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import { isTerminal } from "../../protocol/task.ts";
import type { TaskRow } from "../../store/task-store.ts";
import type { Execution, Ledger } from "./ledger.ts";

/** Fails with a sentence for whatever one task's log breaks. */
export function checkLog(row: TaskRow, log: readonly Entry[]): void {
  log.forEach((entry, at) => assert.equal(entry.seq, at + 1, "seqs have no gap (W1)"));
  assert.equal(row.headSeq, log.length, "the head knows the last seq (W1)");
  const keys = log.flatMap(({ key }) => key ?? []);
  assert.deepEqual(
    keys.filter((key, at) => keys.indexOf(key) !== at),
    [],
    "a key has one outcome (K1)",
  );
  const turns = log.filter(isKind("reply")).map(({ key }) => parseStepKey(key ?? "").turn);
  turns.forEach((turn, at) => assert.equal(turn, at + 1, "turns are opened one after another (K1)"));
  assert.ok(isTerminal(row.state), `task ${row.task} has ended; it is ${row.state}`);
  if (row.erased) return;
  assert.deepEqual(
    log.flatMap(({ kind }, at) => (kind === "ended" ? [at] : [])),
    [log.length - 1],
    "the last entry is the terminal one (W2)",
  );
  for (const { body } of log.filter(isKind("reply"))) {
    const open = body.calls.filter((call) => call.runs !== "limit" && !keys.includes(call.key));
    assert.deepEqual(open, [], "every call has an outcome (W2)");
  }
  const settled = log.filter(isKind("input")).map(({ body }) => body.id);
  const asked = log.filter(isKind("request")).map(({ body }) => body.id);
  assert.deepEqual(
    settled.toSorted(),
    asked.toSorted(),
    "every request is answered, expired or withdrawn once (P1)",
  );
  const said = log.filter(isKind("message")).map(({ body }) => body.id);
  const took = log.filter(isKind("reply")).flatMap(({ body }) => body.took);
  const refused = log.filter(isKind("refusal")).map(({ body }) => body.message);
  assert.deepEqual([...took, ...refused], said, "every message is taken or refused once, in order (K4, P3)");
}

/** Fails with a sentence for whatever the ledger tells against a task's log. */
export function checkEffects(task: string, log: readonly Entry[], ledger: Ledger): void {
  assert.deepEqual(ledger.repeated, [], "no step is executed whose outcome was recorded");
  const claims = log.filter(isKind("claim"));
  const released = log.filter(isKind("release"));
  for (const result of log.filter(isKind("result"))) {
    const { key = "", body } = result;
    const executions = ledger.of(`${task}/${key}`);
    const call = log
      .filter(isKind("reply"))
      .flatMap((reply) => reply.body.calls)
      .find((one) => one.key === key);
    if (call?.runs === "tool" && body.status === "result")
      assert.ok(executions.length > 0, `${key}: what has a result was executed`);
    if (executions[0]?.effects !== "once") continue;
    const ofCall = ({ key: found = "" }: Entry): boolean => sameCall(found, key);
    const held = claims.filter(ofCall).length - released.filter(ofCall).length;
    assert.ok(
      executions.length <= claims.filter(ofCall).length,
      `${key}: a once tool is executed under a claim (K3)`,
    );
    assert.ok(held <= 1, `${key}: a once tool that may have started is not started again (K3)`);
  }
  assert.deepEqual(unknownTo(log, task, ledger.executions), [], "what was executed stands in the log");
}

function sameCall(one: string, other: string): boolean {
  const [first, second] = [parseStepKey(one), parseStepKey(other)];
  return first.turn === second.turn && first.index === second.index;
}

/** Executions of this task without a call in its log. */
function unknownTo(log: readonly Entry[], task: string, executions: readonly Execution[]): readonly string[] {
  const called = new Set(
    log.filter(isKind("reply")).flatMap(({ body }) => body.calls.map(({ key }) => `${task}/${key}`)),
  );
  return executions
    .filter((one) => one.task === task && !called.has(one.idempotencyKey))
    .map((one) => one.idempotencyKey);
}
