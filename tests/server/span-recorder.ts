/** A tracer that notes everything that it is told. Hand-written: the SDK can't be loaded under the condition `module`. */
import {
  trace,
  type Attributes,
  type AttributeValue,
  type Exception,
  type Span,
  type SpanStatus,
} from "@opentelemetry/api";

/** Everything that spans were told, from now on. Returns it, and how to stop. */
export function recordSpans(): { readonly told: unknown[]; readonly stop: () => void } {
  const told: unknown[] = [];
  const spanContext = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 };
  const begin = (...given: unknown[]): Span => {
    told.push(given.slice(0, 2));
    const note = (value: unknown): Span => {
      told.push(value);
      return span;
    };
    const span: Span = {
      spanContext: () => spanContext,
      setAttribute: (name: string, value: AttributeValue) => note({ [name]: value }),
      setAttributes: (attributes: Attributes) => note(attributes),
      addEvent: (...event: unknown[]) => note(event),
      addLink: (link: unknown) => note(link),
      addLinks: (links: unknown) => note(links),
      setStatus: (status: SpanStatus) => note(status),
      updateName: (name: string) => note(name),
      recordException: (exception: Exception) => void note(exception),
      end: () => undefined,
      isRecording: () => true,
    };
    return span;
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: begin,
      startActiveSpan: () => {
        throw new Error("OmniForge starts no active spans");
      },
    }),
  });
  return { told, stop: () => trace.disable() };
}
