import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { widthOf } from "./text-width.ts";
import { wrap } from "./wrap.ts";

function wrapped(pieces: readonly string[], columns = 20, prefix = "| ", continued = ": "): string {
  let written = "";
  const lines = wrap((text) => (written += text), columns, prefix, continued);
  for (const piece of pieces) lines.add(piece);
  lines.end();
  return written;
}

describe("wrapping", () => {
  it("breaks between words, and shows which lines were broken", () => {
    expect(wrapped(["one two three four five six\nseven"])).toBe(
      "| one two three four\n: five six\n| seven\n",
    );
  });

  it("keeps blank lines and the blanks before a line's first word", () => {
    expect(wrapped(["a\n\n  b\n"])).toBe("| a\n|\n|   b\n");
  });

  it("breaks a word only where it is longer than a line", () => {
    expect(wrapped(["see abcdefghijklmnopqrstuvwxyz"])).toBe("| see\n: abcdefghijklmnopqr\n: stuvwxyz\n");
  });

  it("counts the columns of wide characters", () => {
    expect(wrapped(["漢字漢字漢字漢字漢字"])).toBe("| 漢字漢字漢字漢字漢\n: 字\n");
  });

  it("leaves lines as they are where there is no end of a line", () => {
    const text = `${"word ".repeat(50)}\tend`;
    expect(wrapped([text], Number.POSITIVE_INFINITY, "")).toBe(`${text}\n`);
  });

  it("gives the same lines however the text comes, none of them too long", () => {
    const word = fc.constantFrom(
      "a",
      "word",
      "漢字",
      "e\u0301tude",
      "abcdefghijklmnopqrstuvwxyz",
      " ",
      "  ",
      "\n",
      "👩‍👧",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (words, size) => {
        const text = words.join("");
        const pieces = [...Array(Math.ceil(text.length / size)).keys()].map((at) =>
          text.slice(at * size, (at + 1) * size),
        );
        const whole = wrapped([text]);
        expect(wrapped(pieces)).toBe(whole);
        for (const line of whole.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(20);
      }),
    );
  });
});
