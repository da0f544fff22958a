/**
 * Sub-agents are tasks of their own. `open-child` creates one under the id that the reply's commit assigned (K6);
 * `collect-child` copies its ending and usage into the parent's log.
 */
import type { Call } from "../protocol/call.ts";
import { entry, isKind, type EntryBody } from "../protocol/entry.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { userMessage } from "../protocol/message.ts";
import { parseStepKey, siblingKey } from "../protocol/step-key.ts";
import type { TaskRow } from "../store/task-store.ts";
import type { ToolOutcome } from "./call-tool.ts";
import { createTask, readSpecSet } from "./create-task.ts";
import { childLimits, limitSpent } from "./limits.ts";
import { done, record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { outcomeOf, viewTurn, type TurnView } from "./turn-view.ts";
import { isLastChild, openedCalls, waitedForPeople } from "./waited-time.ts";

/** Creates the sub-agent's task; the call then waits for its end. May be repeated: the id is fixed. */
export async function openChild(world: StepWorld, attempt: Attempt, call: Call): Promise<ToolOutcome> {
  const read = await world.store.turn(attempt);
  if (read === undefined || call.child === undefined) return { kind: "stopped", why: "missing" };
  const view = viewTurn(read);
  const { row } = view;
  const { turn } = parseStepKey(call.key);
  if (turn < row.turn || outcomeOf(view, call.key) !== undefined) return done("done");
  if (row.endedSeq !== null) return { kind: "stopped", why: "ended" };
  if (row.cancelSeq !== null) return { kind: "canceled" };
  const set = await readSpecSet(world, row);
  const name = set.agents[set.root]?.tools.find((tool) => tool.name === call.name)?.agent;
  const agent = name === undefined ? undefined : set.agents[name];
  if (agent === undefined)
    return failed(world, attempt, call, "AGENT_NOT_FOUND", `the spec set has no agent for ${call.name}`);
  // One that was opened before goes on: its share was taken when there was one.
  const limit = limitSpent(row, world.now());
  if (limit !== undefined && (await world.store.row({ ...row, task: call.child })) === undefined)
    return failed(
      world,
      attempt,
      call,
      "LIMIT_REACHED",
      `this task has nothing left of its limit of ${limit} for a sub-agent`,
    );
  const shares = (view.reply?.body.calls ?? []).filter((one) => one.runs === "agent").length;
  try {
    await createTask(world, {
      tenant: row.tenant,
      task: call.child,
      specs: { ...set, root: agent.name },
      engine: row.engine,
      message: { message: userMessage(promptOf(view, call)) },
      limits: childLimits(agent.limits, row, shares, world.now()),
      child: { parent: row, key: call.key },
    });
  } catch (thrown) {
    if (OmniForgeError.is(thrown, "PARENT_ENDED")) return { kind: "canceled" };
    throw thrown;
  }
  const key = siblingKey(call.key, "open");
  const result = await record(
    world,
    attempt,
    [entry("child", { task: call.child, agent: agent.name }, key)],
    { key, turn },
  );
  return result.kind === "committed" || result.kind === "found"
    ? done({ ...call, waits: "child" })
    : refusedStep(result);
}

/** What the child was asked: the `message` argument, or all of them. */
function promptOf(view: TurnView, call: Call): string {
  const part = view.reply?.body.parts.find((one) => one.type === "tool-call" && one.index === call.index);
  const given = part?.type === "tool-call" ? part.arguments : {};
  if (
    typeof given === "object" &&
    given !== null &&
    !Array.isArray(given) &&
    typeof given["message"] === "string"
  )
    return given["message"];
  return JSON.stringify(given);
}

async function failed(
  world: StepWorld,
  attempt: Attempt,
  call: Call,
  code: string,
  message: string,
): Promise<ToolOutcome> {
  const body = { name: call.name, status: "error" as const, parts: [], error: { code, message } };
  const result = await record(world, attempt, [entry("result", body, call.key)], {
    key: call.key,
    turn: parseStepKey(call.key).turn,
  });
  return result.kind === "committed" || result.kind === "found" ? done("done") : refusedStep(result);
}

/** Copies an ended child's answer and usage; `waiting` while it has not ended. */
export async function collectChild(
  world: StepWorld,
  attempt: Attempt,
  call: Call,
): Promise<StepResult<"collected" | "waiting">> {
  if (call.child === undefined) return { kind: "stopped", why: "missing" };
  const reference = { tenant: attempt.tenant, task: call.child };
  const child = await world.store.row(reference);
  if (child === undefined || child.endedSeq === null) return done("waiting");
  const ended = (await world.store.read(reference, child.endedSeq - 1)).find(isKind("ended"));
  const { parts, error } = ended?.body ?? { parts: [], error: undefined };
  // How it ended says the head: of an erased task nothing else does.
  const { state } = child;
  const status = state === "completed" ? "result" : state === "canceled" ? "canceled" : "error";
  const why = error ?? { code: "TOOL_FAILED", message: `the sub-agent's task ${call.child} was ${state}` };
  const waitedMs = await waitedTime(world, attempt, call);
  const body: EntryBody<"result"> = {
    name: call.name,
    status,
    parts: [...parts],
    usage: child.usage,
    ...(waitedMs > 0 && { waitedMs }),
    ...(status !== "result" && { error: why }),
  };
  const result = await record(world, attempt, [entry("result", body, call.key)], {
    key: call.key,
    turn: parseStepKey(call.key).turn,
  });
  return result.kind === "committed" || result.kind === "found" ? done("collected") : refusedStep(result);
}

/** Read anew: another sub-agent may have been collected a moment ago. The last to be collected tells it for the turn. */
async function waitedTime(world: StepWorld, attempt: Attempt, call: Call): Promise<number> {
  const read = await world.store.turn(attempt);
  if (read?.row.limits.wallTimeMs === undefined) return 0;
  const view = viewTurn(read);
  if (!isLastChild(view, call)) return 0;
  const children: TaskRow[] = [];
  for (const { child } of openedCalls(view)) {
    const row = child === undefined ? undefined : await world.store.row({ ...attempt, task: child });
    if (row !== undefined) children.push(row);
  }
  return waitedForPeople(view, children);
}
