/**
 * Notices that this process stood still: its event loop was blocked, mostly by a tool that computes without a pause.
 *
 * Owns: the warning PROCESS_BLOCKED, which names the tools that ran. Says so afterwards: while it is blocked, nothing of
 * this process runs, and a block that never ends is for whoever watches the process from outside.
 */
import { performance } from "node:perf_hooks";
import type { Call } from "../protocol/call.ts";
import type { TaskReference } from "../protocol/task.ts";

/** Blocked for this long, a process is late for everybody; for a whole lease, its tasks are taken by others. */
const tolerableMs = 3_000;
const namedTools = 5;

interface Running {
  readonly task: string;
  readonly call: Call;
}

export class BlockWatch {
  readonly #running = new Set<Running>();
  /** Ended since the last look: one that blocked may have ended before it. */
  readonly #ended = new Set<Running>();
  readonly #everyMs: number;
  #lookedAt = performance.now();
  #utilization = performance.eventLoopUtilization();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Performs a call whose tool is to be named should it block. */
  async during<Value>({ task }: TaskReference, call: Call, step: () => Promise<Value>): Promise<Value> {
    const running = { task, call };
    this.#running.add(running);
    try {
      return await step();
    } finally {
      this.#running.delete(running);
      this.#ended.add(running);
    }
  }

  /** To be called so often as was said; being late is what it notices. */
  look(): void {
    const [now, before] = [performance.now(), this.#utilization];
    const late = now - this.#lookedAt - this.#everyMs;
    this.#lookedAt = now;
    this.#utilization = performance.eventLoopUtilization();
    // A process that was stopped or suspended from outside was idle: no tool is to blame.
    const busy = this.#utilization.active - before.active;
    if (late > tolerableMs && busy > tolerableMs) this.#warn(late);
    this.#ended.clear();
  }

  #warn(late: number): void {
    const byTool = new Map<string, string>();
    for (const { task, call } of [...this.#running, ...this.#ended])
      if (!byTool.has(call.name)) byTool.set(call.name, `${call.name} (step ${call.key} of task ${task})`);
    const tools = [...byTool.values()];
    const more = tools.length > namedTools ? ` and ${tools.length - namedTools} more` : "";
    const named = tools.length === 0 ? "no tool" : `${tools.slice(0, namedTools).join(", ")}${more}`;
    process.emitWarning(
      `this process stood still for ${(late / 1_000).toFixed(1)} s: something computed without a pause. Running: ${named}. A tool that computes for long belongs in a worker thread or in a process of its own.`,
      { code: "PROCESS_BLOCKED" },
    );
  }
}
