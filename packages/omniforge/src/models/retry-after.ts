/** When a provider asks to be called again. */

/** Longer waits than this are taken for a mistake of a clock, and cut. */
const longest = 24 * 60 * 60_000;

/**
 * Milliseconds that the provider asks to wait; undefined where it asks nothing.
 *
 * `retry-after-ms` where a provider is exact (OpenAI, Azure); else RFC 9110, 10.2.3: seconds or a date; else Google's
 * `google.rpc.RetryInfo` in the body, because Google sends no header. `now` in epoch milliseconds.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>> | undefined,
  body: string | undefined,
  now: number,
): number | undefined {
  for (const ms of [exact(headers), headerMs(headers?.["retry-after"], now), bodyMs(body)])
    if (ms !== undefined && Number.isFinite(ms)) return Math.min(longest, Math.max(0, ms));
  return undefined;
}

function exact(headers: Readonly<Record<string, string>> | undefined): number | undefined {
  const value = headers?.["retry-after-ms"];
  return value === undefined || value.trim() === "" ? undefined : Number(value);
}

function headerMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  return /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
}

function bodyMs(body: string | undefined): number | undefined {
  const [, seconds] = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body ?? "") ?? [];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
