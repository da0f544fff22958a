/**
 * The person as a client of `omniforge serve`: submits the task, follows it, answers what it asks, and exits 0 once what
 * they were told is the log, without a gap or a repetition. May be killed and started again like any other.
 *
 * Usage: node program/temporal-caller.ts '<JSON of callerOptions>'
 */
import { deepEqual, equal } from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "omniforge/client";
import { isKind, type Entry } from "../../../packages/omniforge/src/protocol/entry.ts";
import type { InputRequest } from "../../../packages/omniforge/src/protocol/input.ts";
import { root } from "../../../packages/omniforge/src/testing/crash/child-options.ts";
import { openLedger } from "../../../packages/omniforge/src/testing/crash/ledger.ts";
import { reader, textOfLog } from "../../client/reader.ts";
import { createProgram } from "./everything.ts";
import { callerOptions, piecesFile } from "./temporal-options.ts";

const { directory, url } = callerOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
const ledger = openLedger(directory, -1);
const { agent, message, say = [], answer } = createProgram(ledger);
// The server is away for as long as it takes to start one.
const client = createClient({ url, retries: 50 });

const { task } = await client.submit(agent.name, message, { idempotencyKey: root.task });
// What was said by who was killed is heard before anything is said again.
const { headSeq } = await client.get(task);
const heard = reader(task);
const answered = new Set<string>();
let pieces = 0;
for await (const event of client.follow(task)) {
  heard.read(event);
  if (event.type === "delta") pieces++;
  const request = heard.entries.length < headSeq ? undefined : nextAsked(heard.entries);
  if (request === undefined || answered.has(request.id)) continue;
  answered.add(request.id);
  // While one question is open, what is said is its answer.
  for (const [index, text] of request.kind === "question" ? [] : say.entries()) {
    await client.say(task, text, { id: `said-${index}` });
    ledger.write("accepted", `${task}/said-${index}`);
  }
  const given = answer?.(request, task) ?? { decision: "approve" };
  await client.answer(task, request.id, given, { id: `answered-${request.id}` });
  ledger.write("accepted", `${task}/${request.id}`);
}
const log = await client.log(task);
deepEqual(heard.wrong, []);
deepEqual(heard.entries, log);
equal(heard.text(), textOfLog(log));
appendFileSync(join(directory, piecesFile), `${pieces}\n`);

/**
 * A question, else what is asked first; once nothing else of its turn is open: logs can be compared where nobody overtakes
 * anybody.
 */
function nextAsked(entries: readonly Entry[]): InputRequest | undefined {
  const calls = entries.findLast(isKind("reply"))?.body.calls ?? [];
  const settled = new Set(entries.filter(isKind("result")).map(({ key }) => key));
  const inputs = new Set(entries.filter(isKind("input")).map(({ body }) => body.id));
  const asked = entries.filter(isKind("request")).filter(({ body }) => !inputs.has(body.id));
  const waiting = new Set(asked.map(({ body }) => body.key));
  const isQuiet = calls.every(({ key }) => settled.has(key) || waiting.has(key));
  return isQuiet ? (asked.find(({ body }) => body.kind === "question") ?? asked[0])?.body : undefined;
}
