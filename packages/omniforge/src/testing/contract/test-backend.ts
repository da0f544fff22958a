/**
 * The contract of a backend, as scenarios that any engine must play to the same end with the same logs.
 *
 * Owns: running the scenarios, what is checked after each, and skips: each names an existing scenario and its reason, and
 * is shown. The test framework is handed in, so this is no run-time dependency.
 */
import assert from "node:assert/strict";
import { isTerminal } from "../../protocol/task.ts";
import { checkLog } from "../check-log.ts";
import { checkEffects } from "./check-effects.ts";
import type { CreateEngine, CreateStorage, Engine } from "./engine.ts";
import { compareLogs, toLines, type ExpectedLogs } from "./expected.ts";
import type { Scenario } from "./scenario.ts";
import { themes } from "./scenarios/index.ts";
import { sqliteStorage, Stage } from "./stage.ts";

/** What is needed of a test framework; vitest's and Bun's `describe` and `it` are that. */
export interface ScenarioFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: {
    (name: string, body: () => Promise<void>, timeoutMs: number): unknown;
    readonly skip: (name: string, body: () => void) => unknown;
  };
}

export interface Skip {
  /** The scenario's name. */
  readonly test: string;
  readonly reason: string;
}

export interface ContractOptions extends ScenarioFramework {
  readonly skip?: readonly Skip[];
  /** How long a scenario waits for anything. Default 10 s. */
  readonly patienceMs?: number;
  /** Where tasks are kept. Default: SQLite in a folder of the scenario's own. */
  readonly storage?: CreateStorage;
  /** The scenarios that are played, where not all of them are: a sample. */
  readonly only?: readonly string[];
  /** Is given the logs instead of having them compared: to write the expected ones anew. */
  readonly record?: (theme: string, scenario: string, logs: ExpectedLogs) => void;
}

/**
 * Defines a test for every scenario of the contract, for one backend.
 *
 * `create` makes one process of the engine; it is called for each that a scenario starts. Throws when a skip names no
 * scenario, or no reason.
 *
 * @example
 * testBackend("mine", async (world, { work }) => ({ backend: await mine()(world, { work }) }), { describe, it });
 */
export function testBackend(name: string, create: CreateEngine, options: ContractOptions): void {
  const { describe, it, skip = [], only, patienceMs = 10_000 } = options;
  checkSkips(skip);
  for (const sampled of only ?? [])
    if (!scenarioNames().includes(sampled)) throw new Error(`there is no scenario "${sampled}" to be played`);
  describe(`${name}: the contract`, () => {
    for (const theme of themes) {
      const scenarios = theme.scenarios.filter((one) => only?.includes(one.name) ?? true);
      if (scenarios.length === 0) continue;
      describe(theme.name, () => {
        for (const scenario of scenarios) {
          const skipped = skip.find(({ test }) => test === scenario.name);
          if (skipped !== undefined)
            it.skip(`${scenario.name} (skipped: ${skipped.reason})`, () => undefined);
          else
            it(
              scenario.name,
              () => play(theme.name, scenario, create, { ...options, patienceMs }),
              patienceMs * 4,
            );
        }
      });
    }
  });
}

/** The names of all scenarios. */
export function scenarioNames(): readonly string[] {
  return themes.flatMap(({ scenarios }) => scenarios.map((scenario) => scenario.name));
}

function checkSkips(skip: readonly Skip[]): void {
  const names = scenarioNames();
  for (const { test, reason } of skip) {
    if (!names.includes(test)) throw new Error(`there is no scenario "${test}" to be skipped`);
    if (reason.trim() === "") throw new Error(`the skip of "${test}" needs a reason`);
  }
}

async function play(
  theme: string,
  scenario: Scenario,
  create: CreateEngine,
  { patienceMs, record, storage = sqliteStorage }: ContractOptions & { readonly patienceMs: number },
): Promise<void> {
  const stage = await Stage.open(scenario, create, storage, patienceMs);
  try {
    if (scenario.asleep !== true) checkControls(scenario, (await stage.start()).engine);
    await scenario.play(stage);
    await stage.settle();
    const logs: Record<string, readonly string[]> = {};
    for (const { name, row, log } of await stage.tasks()) {
      assert.ok(isTerminal(row.state), `${name} has ended; it is ${row.state}`);
      // Of an erased log nothing is left to be checked but what its expected log says.
      if (!row.erased) assert.deepEqual(checkLog(row, log), []);
      if (!row.erased) checkEffects(row.task, log, stage.ledger);
      logs[name] = toLines(log);
    }
    if (record === undefined) compareLogs(theme, scenario.name, logs);
    else record(theme, scenario.name, logs);
  } finally {
    await stage.close();
  }
}

function checkControls({ name, needs = [] }: Scenario, engine: Engine): void {
  const missing = needs.filter((control) => engine[control] === undefined);
  if (missing.length > 0)
    throw new Error(`this engine has no ${missing.join(" and no ")}: skip "${name}" and say why`);
}
