/** One span for a request over HTTP. No path, no query, no body: the route's name says what was asked. */
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

export interface RequestSpan {
  /** Performs what happens within the request. */
  run<T>(perform: () => Promise<T>): Promise<T>;
  end(route: string, status: number): void;
}

/** Begins a span, in the trace that the request's headers name. */
export function traceRequest(method: string, header: (name: string) => string | undefined): RequestSpan {
  const carrier = propagation.extract(ROOT_CONTEXT, undefined, {
    get: (_carrier, name) => header(name),
    keys: () => [],
  });
  const span = trace.getTracer("omniforge").startSpan(method, { kind: SpanKind.SERVER }, carrier);
  const within = trace.setSpan(carrier, span);
  return {
    run: (perform) => context.with(within, perform),
    end(route, status) {
      span.updateName(`${method} ${route}`);
      span.setAttributes({
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
      });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}
