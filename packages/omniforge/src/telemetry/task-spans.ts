/**
 * Spans of model calls and tool calls, by the GenAI conventions.
 *
 * They are made of what tasks announce, once, by the process in which it happened: a turn that is run again after a crash
 * finds its outcome in the log and makes no second span. All spans of a task share a trace that follows from its id, so
 * that what happened before a restart and after it stands together. Never what anybody said: names, counts and codes.
 */
import { createHash } from "node:crypto";
import {
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
} from "@opentelemetry/api";
import type { Entry, EntryOf } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { Usage } from "../protocol/message.ts";

/** Attempts that are under way: when the first words were asked for. Those of tasks that went elsewhere are forgotten. */
const maximumOpen = 10_000;

/** Makes a listener for what a process announces. */
export function traceTasks(now: () => number = Date.now): (event: TaskEvent) => void {
  const began = new Map<string, number>();
  const agents = new Map<string, string>();
  const done = new Set<string>();

  const since = (task: string, key: string, at: number): number => {
    const name = `${task} ${key}`;
    const time = began.get(name) ?? at;
    began.delete(name);
    return time;
  };
  /** An entry that was found by its key is announced again: it was traced when it came to be. */
  const isNew = (task: string, entry: Entry): boolean => {
    const name = `${task} ${entry.seq}`;
    if (done.has(name)) return false;
    keepFew(done.add(name));
    return true;
  };

  return (event) => {
    if (!isTraced()) return;
    const { task } = event;
    if (event.type === "delta") return;
    if (event.type === "reset") {
      began.set(`${task} ${event.key}`, now());
      return keepFew(began);
    }
    const { entry } = event;
    const about = { task, agent: agents.get(task) };
    switch (entry.kind) {
      case "created":
        agents.set(task, entry.body.agent);
        return keepFew(agents);
      case "reply": {
        // Nothing was asked of a model where no attempt began: a limit, say, or a reply that was found.
        if (!began.has(`${task} ${entry.key ?? ""}`) || !isNew(task, entry)) return;
        const { model, usage, stop } = entry.body;
        const more = {
          ...usageAttributes(usage),
          ...(stop !== undefined && { "gen_ai.response.finish_reasons": [stop] }),
        };
        return chat(about, model, since(task, entry.key ?? "", entry.at), entry.at, more);
      }
      case "attempt": {
        const { step, error, model, usage } = entry.body;
        if (model === undefined || !began.has(`${task} ${step}`) || !isNew(task, entry)) return;
        const more = usage === undefined ? {} : usageAttributes(usage);
        return chat(about, model, since(task, step, entry.at), entry.at, more, error.code);
      }
      case "result":
        if (entry.body.durationMs !== undefined && isNew(task, entry)) executeTool(about, entry);
        return;
      case "ended":
        agents.delete(task);
        return;
      default:
        return;
    }
  };
}

/** Whether the program has an SDK: without one, nothing is worth its while. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("omniforge") !== undefined;
}

interface About {
  readonly task: string;
  readonly agent: string | undefined;
}

function chat(
  about: About,
  reference: string,
  from: number,
  to: number,
  more: Attributes,
  error?: string,
): void {
  const [provider = "", ...rest] = reference.split(":");
  const model = rest.join(":") || reference;
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model,
    "gen_ai.request.stream": true,
    ...more,
  };
  finished(about, `chat ${model}`, SpanKind.CLIENT, from, to, attributes, error);
}

function executeTool(about: About, { at, key = "", body }: EntryOf<"result">): void {
  const { name, durationMs = 0, status, error } = body;
  const attributes = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": name,
    "gen_ai.tool.type": "function",
    "gen_ai.tool.call.id": key,
    "omniforge.tool.status": status,
  };
  const failed = status === "result" ? undefined : (error?.code ?? status);
  finished(about, `execute_tool ${name}`, SpanKind.INTERNAL, at - durationMs, at, attributes, failed);
}

function finished(
  { task, agent }: About,
  name: string,
  kind: SpanKind,
  from: number,
  to: number,
  attributes: Attributes,
  error: string | undefined,
): void {
  const span = trace.getTracer("omniforge").startSpan(
    name,
    {
      kind,
      startTime: from,
      attributes: {
        ...attributes,
        "gen_ai.conversation.id": task,
        ...(agent !== undefined && { "gen_ai.agent.name": agent }),
        ...(error !== undefined && { "error.type": error }),
      },
    },
    contextOf(task),
  );
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(to);
}

function usageAttributes(usage: Usage): Attributes {
  return {
    "gen_ai.usage.input_tokens": usage.inputTokens,
    "gen_ai.usage.output_tokens": usage.outputTokens,
    ...(usage.cachedInputTokens !== undefined && {
      "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
    }),
  };
}

/** The trace of a task follows from its id. */
function contextOf(task: string): Context {
  const digest = createHash("sha256").update(task).digest("hex");
  const [traceId, spanId] = [digest.slice(0, 32), digest.slice(32, 48)];
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

function keepFew(kept: Map<string, unknown> | Set<string>): void {
  const [oldest] = kept.keys();
  if (kept.size > maximumOpen && oldest !== undefined) kept.delete(oldest);
}
