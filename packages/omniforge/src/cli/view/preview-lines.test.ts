import { describe, expect, it } from "vitest";
import type { Json } from "../../protocol/json.ts";
import { showPreview } from "./preview-lines.ts";
import { createScreen } from "./screen.ts";

function shown(prompt: string, given: Json): string {
  let text = "";
  const output = {
    live: false,
    columns: Number.POSITIVE_INFINITY,
    gone: new AbortController().signal,
    write: (more: string) => void (text += more),
  };
  const request = {
    id: "1/tool/0",
    kind: "approval",
    key: "1/tool/0",
    prompt,
    tool: "edit",
    arguments: given,
  } as const;
  showPreview(createScreen(output), request, 2);
  return text;
}

describe("a tool's preview", () => {
  it("is shown below the arguments", () => {
    const diff = "old.md\n@@ -1,1 +1,1 @@\n-two\n+zwei";
    expect(shown(`Allow edit?\n\n${diff}`, { path: "old.md", old: "two", new: "zwei" })).toBe(
      "  preview:\n  │ old.md\n  │ @@ -1,1 +1,1 @@\n  │ -two\n  │ +zwei\n",
    );
  });

  it("does not say a new file's text once more, but says whatever else is added", () => {
    const diff = "new.md (a new file)\n@@ -0,0 +1,2 @@\n+a\n+b";
    expect(shown(`Allow write?\n\n${diff}`, { content: "a\nb\n" })).toBe(
      "  preview:\n  │ new.md (a new file)\n",
    );
    expect(shown(`Allow write?\n\n${diff}`, { content: "a\n" })).toContain("+b");
  });

  it("is nothing where the tool has none", () => {
    expect(shown("Allow edit?", {})).toBe("");
  });
});
