/**
 * What the server counts, as Prometheus reads it: counters and gauges. Labels come from closed lists: routes, methods,
 * statuses, kinds and states; never what anybody said, nor whose it was.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { TaskEvent } from "../protocol/event.ts";

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly values: Map<string, number>;
}

export class Metrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #gauges: (() => void)[] = [];

  readonly #delay = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    const delay = this.#delay;
    delay.enable();
    this.measure(() => {
      this.set(
        "omniforge_event_loop_delay_seconds",
        "The 99th percentile since the last look.",
        delay.percentile(99) / 1e9,
      );
      delay.reset();
      this.set("process_resident_memory_bytes", "Memory of this process.", process.memoryUsage.rss());
      const { user, system } = process.cpuUsage();
      this.set(
        "process_cpu_seconds",
        "Time of the processor that this process has used.",
        (user + system) / 1e6,
      );
      this.set("process_uptime_seconds", "How long this process has been running.", process.uptime());
    });
  }

  close(): void {
    this.#delay.disable();
  }

  add(name: string, help: string, labels: Labels = {}, by = 1): void {
    const { values } = this.#metric(name, help, "counter");
    const key = written(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }

  set(name: string, help: string, value: number, labels: Labels = {}): void {
    this.#metric(name, help, "gauge").values.set(written(labels), value);
  }

  /** Sets gauges when somebody looks. */
  measure(gauges: () => void): void {
    this.#gauges.push(gauges);
  }

  /** Counts what tasks do in this process. */
  note(event: TaskEvent): void {
    if (event.type !== "entry") return;
    const { entry } = event;
    switch (entry.kind) {
      case "created":
        return this.add("omniforge_tasks_created_total", "Tasks, sub-agents' included.");
      case "ended":
        return this.add("omniforge_tasks_ended_total", "Tasks by how they ended.", {
          state: entry.body.state,
        });
      case "result":
        return this.add("omniforge_tool_calls_total", "Tool calls by their outcome.", {
          status: entry.body.status,
        });
      case "attempt":
        return this.add("omniforge_failed_attempts_total", "Tries at a step that failed.");
      case "reply": {
        const { outcome, usage } = entry.body;
        this.add("omniforge_model_replies_total", "Replies of models by what they led to.", { outcome });
        this.add("omniforge_tokens_total", "Tokens of replies.", { direction: "input" }, usage.inputTokens);
        this.add("omniforge_tokens_total", "Tokens of replies.", { direction: "output" }, usage.outputTokens);
        return this.add(
          "omniforge_cost_usd_total",
          "Cost of replies, where prices are known.",
          {},
          usage.costUsd ?? 0,
        );
      }
      default:
        return undefined;
    }
  }

  /** The text that Prometheus scrapes. */
  text(): string {
    for (const gauges of this.#gauges) gauges();
    const lines: string[] = [];
    for (const [name, { type, help, values }] of this.#metrics) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }

  #metric(name: string, help: string, type: Metric["type"]): Metric {
    const known = this.#metrics.get(name) ?? { type, help, values: new Map() };
    this.#metrics.set(name, known);
    return known;
  }
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
