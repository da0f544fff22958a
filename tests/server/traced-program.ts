/**
 * A server in a program that has an SDK of OpenTelemetry: prints the spans of what it was asked as JSON. A process of its own,
 * because the SDK's modules are for Node alone.
 */
import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { Task } from "omniforge";
import { openStage } from "./stage.ts";

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);
const tasks: string[] = [];
{
  await using stage = await openStage();
  for (const message of ["echo CANARY", "fail CANARY"]) {
    const { body } = await stage.ask("/api/v1/agents/clerk/tasks", { body: { message } });
    const { task } = body as Task;
    tasks.push(task);
    for await (const _ of stage.forge.follow(task));
  }
  await stage.ask("/api/v1/tasks/CANARY?cursor=CANARY", { headers: { authorization: "Bearer CANARY" } });
}
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  kind: span.kind,
  status: span.status.code,
  trace: span.spanContext().traceId,
  took: (span.endTime[0] - span.startTime[0]) * 1e9 + span.endTime[1] - span.startTime[1],
  attributes: span.attributes,
  events: span.events,
}));
process.stdout.write(JSON.stringify({ tasks, spans }));
