/** Tools that do what their plan says, and write down in the ledger that they were executed. */
import {
  createToolRegistry,
  InputRequired,
  ToolNotStarted,
  type Tool,
  type ToolContext,
  type ToolOutput,
} from "omniforge";
import type { Json, ToolSpec } from "omniforge/protocol";
import { tools } from "./catalogue.ts";
import type { Execution } from "./ledger.ts";
import type { Shared } from "./place-store.ts";
import { behaviours, type Behaviour } from "./plan.ts";
import type { Place } from "./schedule.ts";

export type Surroundings = Shared;

/** `bare`: without the tool `look`, as a process of another release may be. */
export function simulatedTools(
  around: Surroundings,
  place: Place,
  bare: boolean,
): ReturnType<typeof createToolRegistry> {
  const here = tools.filter((spec) => spec.runs === "tool" && !(bare && spec.name === "look"));
  return createToolRegistry(here.map((spec) => simulatedTool(around, place, spec)));
}

function simulatedTool(around: Surroundings, place: Place, spec: ToolSpec): Tool {
  return {
    spec,
    needsApproval: (parameters) => behavesOf(parameters).length % 2 === 1,
    execute: (parameters, context) => execute(around, place, spec, parameters, context),
  };
}

async function execute(
  around: Surroundings,
  place: Place,
  spec: ToolSpec,
  parameters: Json,
  context: ToolContext,
): Promise<ToolOutput> {
  const { ledger, schedule, watch } = around;
  const { task, idempotencyKey } = context;
  const execution = ledger.execution({
    task,
    key: idempotencyKey.slice(task.length + 1),
    tool: spec.name,
    place: place.name,
    parameters: JSON.stringify(parameters),
    tick: watch.tick,
  });
  judge(around, place, execution);
  const behaves = behavesOf(parameters);
  const last = behaves.at(-1) === "ask" ? "ok" : behaves.at(-1);
  const behaviour = behaves[execution.nth] ?? last ?? "ok";
  await schedule.ask(place, "tool", () => Promise.resolve());
  if (behaviour === "slow") await schedule.sleep(place, 3_000, context.signal);
  if (behaviour === "deaf") await schedule.sleep(place, 3_000);
  if (behaviour === "hang") await schedule.sleep(place, 60_000, context.signal);
  switch (behaviour) {
    case "fail":
      execution.ended = "failed";
      throw new Error("it did not work");
    case "not-started":
      execution.ended = "not-started";
      throw new ToolNotStarted("it could not be reached");
    case "ask":
      execution.ended = "asked";
      throw new InputRequired("which one?");
    default:
      execution.ended = "returned";
      return behaviour === "big" ? outputOf(execution).padEnd(33_000, ".") : outputOf(execution);
  }
}

/** Whoever holds the task must not execute what has its outcome. */
function judge(
  { watch, owners, ledger, fenced }: Surroundings,
  place: Place,
  { task, key, nth }: Execution,
): void {
  // Without fences two may hold it in turns, and what one has seen may be old.
  if (!fenced) return;
  const watched = watch.tasks.get(task);
  const { owner } = watched?.row ?? { owner: null };
  if (owner === null || owners.get(owner) !== place) return;
  const outcome = watched?.outcomes.get(key);
  if (outcome !== undefined)
    ledger.breach("K1", `${task} ${key} has its outcome and is executed again (${nth + 1})`);
}

/** What an execution returns: no two return the same. */
export function outputOf({ task, key, nth }: Execution): string {
  return `done ${task} ${key} #${nth}.`;
}

function behavesOf(parameters: Json): readonly Behaviour[] {
  const given =
    typeof parameters === "object" && parameters !== null && !Array.isArray(parameters)
      ? parameters["behaves"]
      : "";
  return typeof given === "string" ? given.split(",").filter(isBehaviour) : [];
}

function isBehaviour(word: string): word is Behaviour {
  return behaviours.some((one) => one === word);
}
