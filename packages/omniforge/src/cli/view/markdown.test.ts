import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { markdown } from "./markdown.ts";
import { toEscapes } from "./marks.ts";

const answer = `## What I found

The file \`src/many.ts\` has **most**: 2 lines, which is more than any other file in this folder has.

- one with a rather long text, so that it does not fit on a line of sixty columns
- **two**
  1. nested

| File | Lines |
| --- | ---: |
| \`src/many.ts\` | 2 |
| a|

\`\`\`ts
const x = 2 ** 3; // **not bold**
\`\`\`
> quoted
It is 2 ** 3, and #5 is no heading, -1 no list; \`a * b\`.
`;

function render(text: string, { styled = true, pieces = text.length, columns = 60 } = {}): string {
  let shown = "";
  const lines = markdown((piece) => (shown += toEscapes(piece)), { columns, indent: "", styled });
  for (let at = 0; at < text.length; at += pieces) lines.add(text.slice(at, at + pieces));
  lines.end();
  return shown;
}

describe("Markdown on a terminal", () => {
  it("is shown as it is meant", () => {
    expect(stripVTControlCharacters(render(answer))).toBe(`What I found

The file src/many.ts has most: 2 lines, which is more than
any other file in this folder has.

• one with a rather long text, so that it does not fit on a
  line of sixty columns
• two
  1. nested

File         Lines
───────────  ─────
src/many.ts      2
a

  const x = 2 ** 3; // **not bold**
│ quoted
It is 2 ** 3, and #5 is no heading, -1 no list; a * b.
`);
  });

  it("is bold where it is a heading, a table's head or bold, and coloured where it is code", () => {
    const shown = render(answer);
    expect(shown).toContain("\u001b[1mWhat I found\u001b[22m\n");
    expect(shown).toContain("\u001b[36msrc/many.ts\u001b[39m has \u001b[1mmost\u001b[22m:");
    expect(shown).toContain("\u001b[1mFile         Lines\u001b[22m");
  });

  it("is the same however it comes in pieces", () => {
    const whole = render(answer);
    for (const pieces of [1, 2, 3, 5, 7]) expect(render(answer, { pieces })).toBe(whole);
  });

  it("keeps all its marks without styles, and aligns tables all the same", () => {
    const shown = render(answer, { styled: false });
    // oxlint-disable-next-line no-control-regex -- colours are what this is about
    expect(shown).not.toMatch(/\u001b/);
    expect(shown).toContain("## What I found");
    expect(shown).toContain("`src/many.ts` has **most**");
    expect(shown).toContain("```ts\nconst x");
    expect(shown).toContain("`src/many.ts`      2\n");
  });

  it("ends every style that was begun", () => {
    for (const text of ["**never closed", "`never closed", "# heading", "```\ncode", "**bold `code"]) {
      const shown = render(text);
      const count = (pattern: RegExp): number => [...shown.matchAll(pattern)].length;
      /* oxlint-disable no-control-regex -- colours are what this is about */
      expect(count(/\u001b\[1m/g)).toBe(count(/\u001b\[22m/g));
      expect(count(/\u001b\[36m/g)).toBe(count(/\u001b\[39m/g));
      /* oxlint-enable no-control-regex */
    }
  });

  it("folds a table's cells where it would be too wide, and cuts nothing", () => {
    const words = "many words that would not fit beside the others in so few columns";
    const shown = render(`| A | B |\n|---|---|\n| key | ${words} |\n`, { columns: 40 });
    for (const line of stripVTControlCharacters(shown).split("\n"))
      expect(line.length).toBeLessThanOrEqual(40);
    for (const word of words.split(" ")) expect(shown).toContain(word);
  });
});
