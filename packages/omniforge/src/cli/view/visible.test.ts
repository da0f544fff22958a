import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLine, visible, visibleLine } from "./visible.ts";

/* oxlint-disable no-control-regex -- control characters are what this is about */
const obeyed =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
/* oxlint-enable no-control-regex */
const anyText = fc.string({ unit: "binary" });
const nasty = fc
  .array(
    fc.oneof(
      anyText,
      fc.constantFrom("\u001b[31m", "\u009b2J", "\u202e", "\u200b", "\u{e0041}", "\r", "\n", "\t", "\u007f"),
    ),
  )
  .map((pieces) => pieces.join(""));

describe("visible text", () => {
  it("writes out what a terminal would obey", () => {
    expect(visible("\u001b]0;x\u0007\r\u009bm\u007f")).toBe(String.raw`\x1b]0;x\x07\r\x9bm\x7f`);
  });

  it("writes out what would make two texts look the same", () => {
    expect(visible("a\u200bb\u202ec\u{e0041}d")).toBe(String.raw`a\u200bb\u202ec\u{e0041}d`);
  });

  it("leaves text of every script, lines and emoji alone", () => {
    const text = "Grüße, 漢字, שלום, e\u0301, 👩‍👧\n\tnext";
    expect(visible(text)).toBe(text);
  });

  it("never leaves anything that is obeyed", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(visible(text)).not.toMatch(obeyed);
        expect(visibleLine(text)).not.toMatch(/[\n\t]/);
      }),
    );
  });
});

describe("a line of JSON", () => {
  it("is the same value, on one line, and never obeyed", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = jsonLine({ text });
        expect(JSON.parse(line)).toEqual({ text });
        expect(line).not.toMatch(obeyed);
        expect(line).not.toContain("\n");
      }),
    );
  });
});
