import { createParser } from "eventsource-parser";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createServerEventParser,
  type ServerEvent,
} from "../../packages/omniforge/src/client/server-events.ts";

const parse = (...pieces: readonly string[]): readonly ServerEvent[] => {
  const parser = createServerEventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe("the parser of server-sent events", () => {
  it.each<[string, string, readonly ServerEvent[]]>([
    ["joins data lines", "data: a\ndata:b\ndata\n\n", [{ type: "message", data: "a\nb\n", id: "" }]],
    ["takes one space away, and no more", "data:  a\n\n", [{ type: "message", data: " a", id: "" }]],
    [
      "knows all three line ends",
      "data:a\r\rdata:b\r\n\r\ndata:c\n\n",
      ["a", "b", "c"].map((data) => ({ type: "message", data, id: "" })),
    ],
    [
      "skips comments and unknown fields",
      ": ping\nfoo: x\ndata: a\n\n",
      [{ type: "message", data: "a", id: "" }],
    ],
    ["skips a byte order mark", "\uFEFFdata: a\n\n", [{ type: "message", data: "a", id: "" }]],
    [
      "forgets a type whose event had no data",
      "event: x\n\ndata: a\n\n",
      [{ type: "message", data: "a", id: "" }],
    ],
    [
      "keeps an id until the next one",
      "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
      [
        { type: "message", data: "a", id: "1" },
        { type: "message", data: "b", id: "1" },
        { type: "message", data: "c", id: "" },
      ],
    ],
    [
      "ignores an id with a zero byte",
      "id: 1\nid: 2\0\ndata: a\n\n",
      [{ type: "message", data: "a", id: "1" }],
    ],
    ["gives nothing of a block that is not whole", "event: x\ndata: a\n", []],
  ])("%s", (_claim, text, events) => {
    expect(parse(text)).toEqual(events);
    expect(parse(...text.split(""))).toEqual(events);
  });

  it("remembers the id of a whole block without data, and not that of half a block", () => {
    const parser = createServerEventParser("0");
    expect(parser.lastId).toBe("0");
    parser.push("id: 7\n");
    expect(parser.lastId).toBe("0");
    parser.push("\nid: 8\ndata: a\n");
    expect(parser.lastId).toBe("7");
  });

  it("hears how long to wait, in digits only", () => {
    const parser = createServerEventParser();
    parser.push("retry: 1x\nretry:\nretry: -1\n");
    expect(parser.retryMs).toBeUndefined();
    parser.push("retry: 1500\n");
    expect(parser.retryMs).toBe(1_500);
  });

  it("reads any stream as another parser does, however it is cut", () => {
    const word = fc.constantFrom(
      "data",
      "event",
      "id",
      "retry",
      "x",
      ":",
      ": ",
      " ",
      "a",
      "1",
      "é",
      "\n",
      "\n\n",
      "\r\n",
      "\r",
      "data: a\n\n",
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 40 }),
        (words, cuts) => {
          const text = `${words.join("")}\n\n`;
          const others: ServerEvent[] = [];
          // Theirs keeps an id for its block only; the standard keeps it for the stream.
          let id = "";
          const other = createParser({
            onEvent: (event) => {
              others.push({ type: event.event || "message", data: event.data, id: event.id ?? id });
            },
          });
          other.feed(text);
          const pieces: string[] = [];
          for (let at = 0, cut = 0; at < text.length; cut++) {
            const length = cuts[cut % cuts.length] ?? 1;
            pieces.push(text.slice(at, at + length));
            at += length;
          }
          id = "";
          const simple = ({ type, data }: ServerEvent): object => ({ type, data });
          expect(parse(...pieces).map(simple)).toEqual(others.map(simple));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
