/** A tool call in a few words: its arguments, and what came of it. */
import type { EntryBody } from "../../protocol/entry.ts";
import type { Json } from "../../protocol/json.ts";
import { textOf, type Part } from "../../protocol/message.ts";
import { cutTo } from "./text-width.ts";
import { visibleLine } from "./visible.ts";

const longestFirst = 80;
const longestValue = 30;

/** The arguments on one line: a first text as it is, the others with their names. */
export function argumentsText(value: Json): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return valueText(value);
  return Object.entries(value)
    .map(([name, one], index) =>
      index === 0 && typeof one === "string"
        ? valueText(one, longestFirst)
        : one === true
          ? name
          : isLong(one)
            ? valueText(one)
            : `${name}=${valueText(one)}`,
    )
    .join(" ");
}

function isLong(value: Json): value is string {
  return typeof value === "string" && value.trimEnd().includes("\n");
}

function valueText(value: Json, longest = longestValue): string {
  if (isLong(value)) return `(${value.trimEnd().split("\n").length} lines)`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const shown = cutTo(visibleLine(text), longest);
  return typeof value === "string" && /[\s"]/.test(text) ? `"${shown}"` : shown;
}

/** The result on one line: itself when it is short, else how much it is. */
export function resultText({ status, parts, error }: EntryBody<"result">): string {
  const text = partsText(parts);
  if (status !== "result")
    return [statusWords[status], error?.message ?? text].filter((one) => one !== "").join(": ");
  const lines = text.trimEnd().split("\n");
  const last = lines.at(-1) ?? "";
  if (lines.length === 1) return last;
  // Tools end what they cut, or counted, with a remark in brackets: it says more than a number of lines.
  const [, remark] = /^\((.+)\)$/.exec(last) ?? [];
  return remark ?? `${lines.length} lines`;
}

const statusWords: Record<EntryBody<"result">["status"], string> = {
  result: "",
  error: "failed",
  timeout: "took too long",
  unknown: "outcome unknown",
  refused: "refused",
  canceled: "canceled",
};

function partsText(parts: readonly Part[]): string {
  const text = textOf(parts);
  if (text !== "" || parts.length === 0) return text;
  return parts.map((part) => (part.type === "data" ? JSON.stringify(part.value) : part.type)).join(" ");
}

/** `12 ms`, `3.4 s`, `2 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

/** `1,234 tokens`. */
export function tokensText({
  inputTokens,
  outputTokens,
}: {
  inputTokens: number;
  outputTokens: number;
}): string {
  // By hand, for loading a locale takes longer than starting a command may.
  return `${String(inputTokens + outputTokens).replaceAll(/\B(?=(?:\d{3})+$)/g, ",")} tokens`;
}
