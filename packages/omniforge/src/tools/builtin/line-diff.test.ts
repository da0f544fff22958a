import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unifiedDiff } from "./line-diff.ts";

/** Applies the hunks to the old text, by the numbers in their heads alone. */
function apply(before: string, diff: string): string {
  const old = before === "" ? [] : before.split(/(?<=\n)/);
  const made: string[] = [];
  let at = 0;
  const lines = diff.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const head = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line);
    if (head !== null) {
      const start = head[2] === "0" ? Number(head[1]) : Number(head[1]) - 1;
      made.push(...old.slice(at, start));
      at = start;
      continue;
    }
    const open = lines[index + 1] === "\\ No newline at end of file";
    const text = line.slice(1) + (open ? "" : "\n");
    if (line.startsWith("\\")) continue;
    if (!line.startsWith("+")) {
      if (old[at] !== text) throw new Error(`line ${at} is ${old[at]}, not ${text}`);
      at++;
    }
    if (!line.startsWith("-")) made.push(text);
  }
  return [...made, ...old.slice(at)].join("");
}

describe("a diff", () => {
  it("turns the old text into the new one, for any two texts", () => {
    const text = fc
      .array(fc.constantFrom("a\n", "b\n", "c\n", "\n", "d"), { maxLength: 40 })
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after);
        expect(diff === "" ? before : apply(before, diff)).toBe(after);
      }),
      { numRuns: 500 },
    );
  });

  it("shows three lines around a change, and distant changes apart", () => {
    const lines = Array.from({ length: 40 }, (_, at) => `line ${at + 1}\n`);
    const after = lines.with(4, "five\n").with(34, "thirty-five\n");
    expect(unifiedDiff(lines.join(""), after.join("")).match(/^@@.*@@$/gm)).toEqual([
      "@@ -2,7 +2,7 @@",
      "@@ -32,7 +32,7 @@",
    ]);
  });

  it("stays quick where everything differs", () => {
    const many = (mark: string): string =>
      Array.from({ length: 20_000 }, (_, at) => `${mark}${at}\n`).join("");
    const started = performance.now();
    expect(apply(many("a"), unifiedDiff(many("a"), many("b")))).toBe(many("b"));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
