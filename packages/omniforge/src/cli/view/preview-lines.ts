/** What a tool says that a call would do, below the arguments: a diff, say, or where a command would run. */
import type { InputRequest } from "../../protocol/input.ts";
import type { Json } from "../../protocol/json.ts";
import type { Screen, Style } from "./screen.ts";

/** Nothing where the tool says nothing, or nothing that the arguments do not say already. */
export function showPreview(
  screen: Screen,
  { prompt, arguments: given }: InputRequest,
  indent: number,
): void {
  const at = prompt.indexOf("\n\n");
  if (at < 0) return;
  const lines = prompt
    .slice(at + 2)
    .trimEnd()
    .split("\n");
  const shown = isGiven(lines.slice(1), given ?? null) ? lines.slice(0, 1) : lines;
  screen.line(["preview:"], indent);
  for (const line of shown) {
    const style = styleOf(line);
    screen.text(line, { indent, prefix: "│ ", continued: "┆ ", ...(style !== undefined && { style }) });
  }
}

/** A new file's diff is its text once more. */
function isGiven(lines: readonly string[], given: Json): boolean {
  if (typeof given !== "object" || given === null || lines.length === 0) return false;
  const added = lines.filter((line) => !line.startsWith("@@") && !line.startsWith("\\"));
  if (!added.every((line) => line.startsWith("+"))) return false;
  const text = added.map((line) => line.slice(1)).join("\n");
  return Object.values(given).some(
    (value) => typeof value === "string" && value.trimEnd() === text.trimEnd(),
  );
}

function styleOf(line: string): Style | undefined {
  if (line.startsWith("@@")) return "cyan";
  if (line.startsWith("+")) return "green";
  return line.startsWith("-") ? "red" : undefined;
}
