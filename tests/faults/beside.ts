/** A hostile task beside an innocent one, in one real engine over one real data directory. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createOmniForge,
  defineAgent,
  defineTool,
  type AgentDefinition,
  type OmniForgeOptions,
  type Tool,
  type ToolDefinition,
} from "omniforge";
import { scriptedModel, type Script } from "omniforge/testing";
import { isKind, type Entry, type EntryOf } from "../../packages/omniforge/src/protocol/entry.ts";
import type { LanguageModel } from "../../packages/omniforge/src/models/language-model.ts";

export interface Hostile {
  /** Default: calls the first tool once with `{}`, then says what it was told. */
  readonly model?: LanguageModel | Script;
  readonly tools?: readonly Tool[];
  readonly agent?: Partial<Omit<AgentDefinition, "name" | "tools" | "model">>;
  readonly options?: Partial<OmniForgeOptions>;
}

/** What became of the hostile task; by then the innocent one has completed. */
export interface Outcome {
  readonly state: string;
  readonly text: string;
  readonly error: string | undefined;
  readonly log: readonly Entry[];
  readonly results: readonly EntryOf<"result">[];
  readonly attempts: readonly EntryOf<"attempt">[];
  /** Bytes of everything in the data directory. */
  readonly bytes: number;
}

/** A tool that does this. Its effect class: idempotent, unless said otherwise. */
export function act(
  execute: ToolDefinition<unknown>["execute"],
  some: Partial<ToolDefinition<unknown>> = {},
): Tool {
  return defineTool<unknown>({
    name: "act",
    description: "Acts.",
    parameters: { type: "object" },
    effects: "idempotent",
    ...some,
    execute,
  });
}

/** Calls the tool in turn 1 and repeats in turn 2 what came of it. */
export const callsAct: Script = ({ turn, results }) =>
  turn === 1
    ? { calls: [{ name: "act", arguments: {} }] }
    : { text: results.map(({ text }) => text).join("\n") };

const quickRetries = { maximumAttempts: 3, initialIntervalMs: 1, maximumIntervalMs: 5 };

/** Gives a fresh folder to `use`, and removes it. */
export async function inFolder<Value>(use: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-faults-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs both to their end. Fails where the innocent one does not complete. */
export async function beside(hostile: Hostile): Promise<Outcome> {
  return inFolder(async (folder) => {
    const { model = callsAct, tools = [], agent, options } = hostile;
    const forge = await createOmniForge({
      dataDirectory: folder,
      durability: "process",
      models: {
        "hostile:test": typeof model === "function" ? scriptedModel(model) : model,
        "innocent:test": scriptedModel(innocentScript),
      },
      ...options,
    });
    try {
      const guilty = defineAgent({
        name: "hostile",
        instructions: "Harm.",
        model: "hostile:test",
        tools: [...tools],
        modelRetry: quickRetries,
        ...agent,
      });
      const running = forge.run(guilty, "Begin.");
      const other = await forge.run(innocent, "Begin.");
      if (other.state !== "completed")
        throw new Error(`the innocent task is ${other.state}: ${other.error?.message}`);
      const { task, state, text, error } = await running;
      const log = await forge.log(task);
      return {
        state,
        text,
        error: error?.code,
        log,
        results: log.filter(isKind("result")),
        attempts: log.filter(isKind("attempt")),
        bytes: sizeOf(folder),
      };
    } finally {
      await forge.close();
    }
  });
}

const innocent = defineAgent({
  name: "innocent",
  instructions: "Do.",
  model: "innocent:test",
  tools: [
    defineTool({
      name: "greet",
      description: "Greets.",
      parameters: { type: "object" },
      effects: "none",
      execute: () => "hello",
    }),
  ],
});

const innocentScript: Script = ({ turn }) =>
  turn < 3 ? { calls: [{ name: "greet", arguments: {} }] } : { text: "done" };

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, found) => sum + (found.isFile() ? found.size : 0), 0);
}

/** Waits until it holds; fails after a time that only a defect takes. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await new Promise((next) => setTimeout(next, 10)))
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
}
