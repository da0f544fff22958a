/**
 * What a person is asked, in full: they approve exactly what they see, so nothing of the arguments is left out, cut or
 * steers the terminal.
 */
import type { InputRequest } from "../../protocol/input.ts";
import type { Json } from "../../protocol/json.ts";
import { showPreview } from "./preview-lines.ts";
import type { Screen, Span } from "./screen.ts";

/** Shows a request, and for an approval its arguments verbatim. */
export function showRequest(screen: Screen, request: InputRequest, indent: number, who?: string): void {
  const asker = who === undefined ? "" : `${who}: `;
  switch (request.kind) {
    case "approval":
      screen.line(
        [
          mark,
          `${asker}may I run `,
          { text: request.tool ?? "a tool", style: "bold" },
          " with exactly this?",
        ],
        indent,
      );
      showArguments(screen, request.arguments ?? null, indent + 2);
      showPreview(screen, request, indent + 2);
      break;
    case "question":
      screen.text(`? ${asker}${request.prompt}`, { indent, style: "yellow" });
      showOptions(screen, request.schema, indent + 2);
      break;
    case "limit":
      screen.text(`? ${asker}${request.prompt}`, { indent, style: "yellow" });
  }
  if (request.deadline !== undefined)
    screen.line([`until ${new Date(request.deadline).toLocaleString()}`], indent + 2);
}

const mark: Span = { text: "? ", style: "yellow" };

function showArguments(screen: Screen, value: Json, indent: number): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return showValue(screen, value, indent);
  for (const [name, one] of Object.entries(value)) {
    if (typeof one === "string" && !one.includes("\n")) screen.text(`${name}: ${one}`, { indent });
    else if (typeof one !== "object" && typeof one !== "string")
      screen.text(`${name}: ${JSON.stringify(one)}`, { indent });
    else {
      screen.text(`${name}:`, { indent });
      showValue(screen, one, indent);
    }
  }
}

function showValue(screen: Screen, value: Json, indent: number): void {
  screen.text(typeof value === "string" ? value : JSON.stringify(value, undefined, 2), {
    indent,
    prefix: "│ ",
    continued: "┆ ",
  });
}

function showOptions(screen: Screen, schema: Json | undefined, indent: number): void {
  const options = optionsOf(schema);
  for (const [index, option] of options.entries())
    screen.text(`${index + 1}. ${optionText(option)}`, { indent });
}

/** What a question may be answered with, where it says so. */
export function optionsOf(schema: Json | undefined): readonly Json[] {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return [];
  const { enum: options } = schema;
  return Array.isArray(options) ? options : [];
}

export function optionText(option: Json): string {
  return typeof option === "string" ? option : JSON.stringify(option);
}
