import { matchesGlob } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globPattern } from "./glob-pattern.ts";

describe("globPattern", () => {
  it.each([
    ["**/*.ts", ["a.ts", "a/b.ts", "a/b/c.ts", ".x/a.ts"], ["a.md", "a.ts/b"]],
    ["*.ts", ["a.ts"], ["a/b.ts"]],
    ["src/**", ["src/a", "src/a/b"], ["lib/a", "src"]],
    ["**/x/**/y", ["x/y", "a/x/b/y"], ["x", "y"]],
    ["?[a-c][!x]", ["1az"], ["1dz", "1ax", "1a"]],
    ["{a,b/{c,d}}/*.{ts,md}", ["a/x.ts", "b/c/x.md", "b/d/x.ts"], ["b/x.ts", "a/x.js"]],
    ["a[", ["a["], ["a"]],
    ["?.md", ["😀.md"], ["ab.md"]],
    ["[😀].md", ["😀.md"], ["a.md"]],
    ["[]].x", ["].x"], ["[.x"]],
  ])("reads %s", (pattern, yes, no) => {
    const matches = globPattern(pattern);
    expect(yes.filter((path) => !matches(path))).toEqual([]);
    expect(no.filter(matches)).toEqual([]);
  });

  it("agrees with Node on patterns of stars, questions and names", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 4 });
    const part = fc.oneof(
      fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 4 }),
      fc.constant("**"),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (parts, names) => {
          const [pattern, path] = [parts.join("/"), names.join("/")];
          expect(globPattern(pattern)(path)).toBe(matchesGlob(path, pattern));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("answers at once to patterns that are meant to take for ever", () => {
    const started = performance.now();
    expect(globPattern(`${"*a".repeat(120)}b`)("a".repeat(255))).toBe(false);
    expect(globPattern(`${"**/a/".repeat(60)}b`)(`${"a/".repeat(200)}c`)).toBe(false);
    expect(() => globPattern("{a,b}".repeat(60))).toThrow("more than 100 alternatives");
    expect(() => globPattern(`${"{".repeat(300)}a${"}".repeat(300)}`)("a")).not.toThrow();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
