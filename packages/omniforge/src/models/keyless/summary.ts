/**
 * Summaries that the keyless model writes when a transcript is put in short, and reads when the work goes on.
 *
 * Invariant: what `writeSummary` wrote, `readSummary` finds again in any text around it, long results cut.
 */
import type { Conversation, Step } from "./conversation.ts";

const heading = "Summary by OmniForge's keyless demo model.";
const maximumUnits = 4000;

/** The open requests and what was done about them, one line each. */
export function writeSummary({ requests, steps }: Conversation): string {
  const lines = [heading, ...requests.map((request) => `asked: ${JSON.stringify(request)}`)];
  for (const { name, input, outcome, text } of steps) {
    lines.push(`${outcome}: ${JSON.stringify({ name, input, text: text.slice(0, maximumUnits) })}`);
  }
  if (requests.length === 0) lines.push("nothing is left to do");
  return lines.join("\n");
}

/** The requests and steps of a summary by this model; undefined for any other text. */
export function readSummary(text: string): Pick<Conversation, "requests" | "steps"> | undefined {
  const at = text.indexOf(heading);
  if (at < 0) return undefined;
  const [requests, steps]: [string[], Step[]] = [[], []];
  for (const line of text.slice(at).split("\n")) {
    const [, what, body = ""] = /^(asked|answered|failed|refused|unknown): (.+)$/.exec(line) ?? [];
    const value = parse(body);
    if (what === "asked" && typeof value === "string") requests.push(value);
    if (what === "answered" || what === "failed" || what === "refused" || what === "unknown") {
      const [name, said] = [fieldOf(value, "name"), fieldOf(value, "text")];
      if (typeof name !== "string" || typeof said !== "string") continue;
      steps.push({ name, input: fieldOf(value, "input"), outcome: what, text: said });
    }
  }
  return { requests, steps };
}

/** A member of an object; undefined where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
