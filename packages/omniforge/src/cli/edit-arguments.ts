/** Letting the person at the terminal change what they approve: in their editor, or on one line. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../protocol/error.ts";
import { json as jsonShape, type Json } from "../protocol/json.ts";
import { promptLine, type LineOptions } from "./prompt-line.ts";

/** What they made of it; `same`: nothing else; `left` and `settled` as for any line. A text is what is wrong with it. */
export type Edited =
  | { readonly kind: "arguments"; readonly value: Json }
  | { readonly kind: "same" | "left" | "settled" }
  | { readonly kind: "wrong"; readonly why: string };

/** Opens $VISUAL or $EDITOR on the arguments as JSON; without one, asks for them on a line that holds them. */
export async function editArguments(value: Json, options: LineOptions): Promise<Edited> {
  const editor = [process.env["VISUAL"], process.env["EDITOR"]].find((one) => (one ?? "").trim() !== "");
  if (editor !== undefined) return inEditor(editor, value);
  const line = await promptLine("Arguments: ", { ...options, prefilled: JSON.stringify(value) });
  return line.kind === "line" ? read(line.text, value) : line;
}

function inEditor(editor: string, value: Json): Edited {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-edit-"));
  const file = join(folder, "arguments.json");
  try {
    writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    // An editor is a command with its own options: a shell reads it as people write it.
    const { status, error } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    if (error !== undefined || status !== 0)
      return { kind: "wrong", why: `the editor ${editor} ended with ${error?.message ?? `code ${status}`}` };
    return read(readFileSync(file, "utf8"), value);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(text: string, before: Json): Edited {
  let value: Json;
  try {
    value = jsonShape.parse(JSON.parse(text));
  } catch (thrown) {
    return {
      kind: "wrong",
      why: `that is no JSON: ${messageOf(thrown)}`,
    };
  }
  return JSON.stringify(value) === JSON.stringify(before) ? { kind: "same" } : { kind: "arguments", value };
}
