/** The HTTP+JSON binding (specification 11): what stands in paths and queries becomes the parameters that JSON-RPC has. */
import { parseJson } from "../read-body.ts";
import { malformedError } from "./errors.ts";

/** The parameters of an operation whose request is its body. Throws RequestMalformedError. */
export function paramsOfBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch (thrown) {
    throw malformedError(thrown instanceof Error ? thrown.message : "the body is no JSON");
  }
}

const numbers = new Set(["historyLength", "pageSize"]);

/** The parameters that a query writes: numbers and booleans by their field, an empty one as not set. */
export function paramsOfQuery(query: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [name, valueOf(name, value)]),
  );
}

/** What is no number stays text, and is refused by its schema. */
function valueOf(name: string, value: string): unknown {
  if (numbers.has(name)) return /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (name === "includeArtifacts" && (value === "true" || value === "false")) return value === "true";
  return value;
}
