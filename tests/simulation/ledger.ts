/** What really happened outside of the store: which tool was executed with what, which model was called. */
import type { NewEntry } from "omniforge/protocol";

/** One execution of a tool's function. */
export interface Execution {
  readonly task: string;
  readonly key: string;
  readonly tool: string;
  readonly place: string;
  /** Which execution of this call it is, from 0. */
  readonly nth: number;
  readonly parameters: string;
  /** How many writes there had been in the store. */
  readonly tick: number;
  /** Undefined: it never came to an end, as when its process died. */
  ended?: "returned" | "failed" | "not-started" | "asked";
}

export interface ModelCall {
  readonly task: string;
  readonly key: string;
  readonly place: string;
  readonly nth: number;
  /** What people said that no reply had answered before. */
  readonly shown: readonly string[];
}

/** What a store was told to keep, when it came too late. */
export interface Receipt {
  readonly task: string;
  readonly entries: readonly NewEntry[];
}

export class Ledger {
  readonly executions: Execution[] = [];
  readonly modelCalls: ModelCall[] = [];
  readonly receipts: Receipt[] = [];
  /** What should never happen, as it happened. */
  readonly breaches: string[] = [];

  execution(begun: Omit<Execution, "nth" | "ended">): Execution {
    const one: Execution = { ...begun, nth: this.executionsOf(begun.task, begun.key).length };
    this.executions.push(one);
    return one;
  }

  executionsOf(task: string, key: string): Execution[] {
    return this.executions.filter((one) => one.task === task && one.key === key);
  }

  modelCall(task: string, key: string, place: string, shown: readonly string[]): ModelCall {
    const nth = this.modelCalls.filter((one) => one.task === task && one.key === key).length;
    const one = { task, key, place, nth, shown };
    this.modelCalls.push(one);
    return one;
  }

  breach(rule: string, what: string): void {
    this.breaches.push(`${rule}: ${what}`);
  }
}
