/**
 * What a person reads when asked to approve a call.
 *
 * Owns: the prompt's form, and that a tool's preview can neither hold up, break nor flood planning. What the preview says
 * is the tool's. It may quote files and pages, so that what would change the display is made visible (T6).
 */
import { repairText, type Json } from "../protocol/json.ts";
import type { TaskRow } from "../store/task-store.ts";
import { inTime } from "./in-time.ts";
import type { StepWorld } from "./step.ts";

const longestCharacters = 4_000;
const patienceMs = 2_000;

/** `Allow write?`, and below it what the tool says that the call would do. Never throws. */
export async function approvalPrompt(
  world: StepWorld,
  row: TaskRow,
  name: string,
  parameters: Json,
): Promise<string> {
  const question = `Allow ${name}?`;
  const preview = await previewOf(world, row, name, parameters).catch(() => undefined);
  return preview === undefined || preview === "" ? question : `${question}\n\n${preview}`;
}

async function previewOf(
  world: StepWorld,
  row: TaskRow,
  name: string,
  parameters: Json,
): Promise<string | undefined> {
  const tool = world.tools.get(name);
  if (tool?.preview === undefined) return undefined;
  const workspace = row.workspace ?? world.workspace;
  const text = await inTime(world, patienceMs, () => tool.preview?.(parameters, { workspace }));
  return typeof text === "string" ? fit(showHidden(text)) : undefined;
}

function fit(text: string): string {
  if (text.length <= longestCharacters) return text;
  return `${repairText(text.slice(0, longestCharacters)).replace(/\uFFFD$/, "")}\n[… cut here]`;
}

/** Control characters, direction marks and characters without width, which could make a text look like another one. */
const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Writes every character that a reader would not see as its number: `\u{202e}`. Line ends and tabs stay. */
export function showHidden(text: string): string {
  return repairText(text)
    .replaceAll("\r\n", "\n")
    .replace(hidden, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}
