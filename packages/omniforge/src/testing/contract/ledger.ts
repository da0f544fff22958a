/**
 * What really happened: every execution of a tool and every call of a model, kept outside the store.
 *
 * An effect is entered at the start of the tool's function, so an execution that was cut off counts as one.
 */
import type { Json } from "../../protocol/json.ts";
import type { EffectClass } from "../../protocol/agent-spec.ts";

export interface Execution {
  readonly tool: string;
  readonly effects: EffectClass;
  readonly task: string;
  /** What the tool was given to make its effect happen once. */
  readonly idempotencyKey: string;
  readonly arguments: Json;
  readonly answers: readonly Json[];
  /** Which process of the scenario executed it, counted from 1. */
  readonly process: number;
}

export class Ledger {
  readonly executions: Execution[] = [];
  /** Steps that were executed although their outcome was in the log already. */
  readonly repeated: string[] = [];
  /** By model, how often it was called. */
  readonly modelCalls = new Map<string, number>();
  readonly #asked = new Map<string, number>();

  /** Enters an execution; says the how manieth it is under its key. */
  enter(execution: Execution): number {
    this.executions.push(execution);
    return this.of(execution.idempotencyKey).length;
  }

  of(idempotencyKey: string): readonly Execution[] {
    return this.executions.filter((one) => one.idempotencyKey === idempotencyKey);
  }

  called(model: string): void {
    this.modelCalls.set(model, (this.modelCalls.get(model) ?? 0) + 1);
  }

  /** Says the how manieth time this is asked, over all processes: for models that fail at first. */
  nth(name: string): number {
    const count = (this.#asked.get(name) ?? 0) + 1;
    this.#asked.set(name, count);
    return count;
  }

  /** How often each tool was executed. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { tool } of this.executions) counts[tool] = (counts[tool] ?? 0) + 1;
    return counts;
  }

  /** What a tool was given, execution by execution. */
  argumentsOf(tool: string): readonly Json[] {
    return this.executions.filter((one) => one.tool === tool).map((one) => one.arguments);
  }
}
