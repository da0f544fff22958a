/** Spans by the conventions of OpenTelemetry. Without an SDK in the program all of it does nothing. */
export { traceRequest, type RequestSpan } from "./request-span.ts";
export { traceTasks } from "./task-spans.ts";
