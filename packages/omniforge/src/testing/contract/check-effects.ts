/**
 * What holds for a log beside its ledger, whatever happened: nothing lost, nothing repeated. Checked after each scenario.
 *
 * Owns: what can only be seen from outside the store (K1, K3). Does not own what a log alone tells (`../check-log.ts`), nor
 * what a particular scenario should have come to: its expected log says that.
 */
import assert from "node:assert/strict";
import { isKind, type Entry } from "../../protocol/entry.ts";
import { parseStepKey } from "../../protocol/step-key.ts";
import type { Ledger } from "./ledger.ts";

/** Fails with a sentence for whatever the ledger tells against a task's log. */
export function checkEffects(task: string, log: readonly Entry[], ledger: Ledger): void {
  assert.deepEqual(ledger.repeated, [], "no step is executed whose outcome was recorded (K1)");
  const planned = new Map(
    log.filter(isKind("reply")).flatMap(({ body }) => body.calls.map((call) => [call.key, call] as const)),
  );
  const strays = ledger.executions.filter(
    (one) => one.task === task && !planned.has(stepOf(one.idempotencyKey, task)),
  );
  assert.deepEqual(strays, [], "whatever was executed stands in the log");
  for (const { key = "", body } of log.filter(isKind("result"))) {
    const executions = ledger.of(`${task}/${key}`);
    if (planned.get(key)?.runs === "tool" && body.status === "result")
      assert.ok(executions.length > 0, `${key}: what has a result was executed`);
    if (executions[0]?.effects === "once") checkClaims(key, executions.length, log);
  }
}

/** K3: a once tool runs under a claim each time, and not again while one is held. */
function checkClaims(key: string, executions: number, log: readonly Entry[]): void {
  const count = (kind: "claim" | "release"): number =>
    log.filter((entry) => entry.kind === kind && isOfCall(entry.key, key)).length;
  assert.ok(executions <= count("claim"), `${key}: a once tool is executed under a claim (K3)`);
  assert.ok(
    count("claim") - count("release") <= 1,
    `${key}: a once tool that may have started is not started again (K3)`,
  );
}

function isOfCall(found: string | undefined, key: string): boolean {
  const [one, other] = [parseStepKey(found ?? ""), parseStepKey(key)];
  return one.turn === other.turn && one.index === other.index;
}

function stepOf(idempotencyKey: string, task: string): string {
  return idempotencyKey.slice(task.length + 1);
}
