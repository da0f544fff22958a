/** Asks a server which models it has: `GET /models`, as OpenAI's API defines it and local servers answer it. */
import { z } from "zod";

export type ProbeResult =
  | { readonly kind: "models"; readonly models: readonly string[] }
  | { readonly kind: "nothing"; readonly why: string };

export interface ProbeOptions {
  readonly apiKey?: string;
  readonly timeoutMs: number;
}

/** Never throws: what it could not find, it explains. */
export type Probe = (baseUrl: string, options: ProbeOptions) => Promise<ProbeResult>;

const list = z.object({ data: z.array(z.object({ id: z.string().min(1) })) });
const longestAnswer = 1_000_000;

/** Probes over HTTP; redirects are not followed, for a key must not travel on. */
export const probeServer: Probe = async (baseUrl, { apiKey, timeoutMs }) => {
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, {
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
      headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    });
    const text = await response.text();
    if (!response.ok) return nothing(`it answered ${response.status}`);
    const parsed = text.length > longestAnswer ? undefined : list.safeParse(parseJson(text));
    if (parsed?.success !== true) return nothing("what answers there has no list of models");
    return { kind: "models", models: parsed.data.data.map(({ id }) => id) };
  } catch (thrown) {
    return nothing(reason(thrown, timeoutMs));
  }
};

const nothing = (why: string): ProbeResult => ({ kind: "nothing", why });

function reason(thrown: unknown, timeoutMs: number): string {
  if (!(thrown instanceof Error)) return "it can't be reached";
  if (thrown.name === "TimeoutError") return `it did not answer within ${timeoutMs} ms`;
  const code =
    thrown.cause instanceof Error && "code" in thrown.cause ? String(thrown.cause.code) : thrown.message;
  return code === "ECONNREFUSED" ? "nothing listens there" : `it can't be reached (${code})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
