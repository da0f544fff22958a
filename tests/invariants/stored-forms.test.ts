/** What is stored is read by every later release, and by no earlier one by guessing. */
import { entryBodies, entryVersion, readEntry, type StoredEntry } from "omniforge/protocol";
import { describe, expect, it } from "vitest";
import { kindNumber, kindsWithoutNumber } from "../../packages/omniforge/src/store/rows.ts";

const row: StoredEntry = {
  v: 1,
  seq: 7,
  at: 5,
  kind: "cancel",
  key: null,
  body: JSON.stringify({ id: "stop" }),
};

/** A release that never was: it called a cancel's id `name`. */
const lift = {
  0: (kind: string, body: unknown): unknown =>
    kind === "cancel" && typeof body === "object" && body !== null && "name" in body
      ? { id: body.name }
      : body,
};

describe("an entry that an older release wrote", () => {
  it("is lifted to the shape of this one", () => {
    const old = { ...row, v: 0, body: JSON.stringify({ name: "stop" }) };
    expect(readEntry(old, lift)).toEqual({ v: 1, seq: 7, at: 5, kind: "cancel", body: { id: "stop" } });
  });

  it("is lifted version by version, each step once", () => {
    const steps = [0, 1, 2].map(
      (from) =>
        [from, (_kind: string, body: unknown) => ({ id: `${JSON.stringify(body)}>${from}` })] as const,
    );
    const read = readEntry({ ...row, v: 0, body: "{}" }, Object.fromEntries(steps), 3);
    expect(read.kind === "cancel" && read.body.id).toBe('{"id":"{\\"id\\":\\"{}>0\\"}>1"}>2');
    expect(read.v).toBe(3);
  });

  it("is refused, and not guessed, where an upcaster is missing", () => {
    expect(() => readEntry({ ...row, v: 0 }, {})).toThrow(
      expect.objectContaining({
        code: "STORE_FAILED",
        message: "entry 7 has version 0, which has no upcaster",
      }),
    );
  });

  it("is not lifted when it is of this version", () => {
    const broken = { 1: () => ({ id: 7 }) };
    expect(readEntry(row, broken)).toMatchObject({ body: { id: "stop" } });
  });
});

describe("an entry that this release can't read", () => {
  it("is refused as too new, whether its version or its kind is", () => {
    expect(() => readEntry({ ...row, v: entryVersion + 1 })).toThrow(
      expect.objectContaining({ code: "STORE_TOO_NEW" }),
    );
    for (const kind of ["kind 99", "toString", "constructor", "__proto__"])
      expect(() => readEntry({ ...row, kind })).toThrow(expect.objectContaining({ code: "STORE_TOO_NEW" }));
  });

  it.each(["{", "", "not JSON", '{"id":7}', '{"id":"a","more":1}', "null", "[]", '"text"'])(
    "is refused as damaged with a readable error: %s",
    (body) => {
      const damaged: unknown = expect.objectContaining({
        code: "STORE_CORRUPT",
        message: expect.stringMatching(/^entry 7 \(cancel\) is damaged: ./s) as unknown,
      });
      expect(() => readEntry({ ...row, body })).toThrow(damaged);
    },
  );
});

describe("a stored step key", () => {
  it("of a shape that no release wrote is damage, not a step without an outcome", () => {
    for (const key of ["3/tool/0", "3/ask/1.2"]) expect(readEntry({ ...row, key })).toMatchObject({ key });
    for (const key of ["", "3:tool:0", "tool/3/0", "3/tool", "3/tool/0/1", "-1/tool/0"])
      expect(() => readEntry({ ...row, key })).toThrow(
        expect.objectContaining({
          code: "STORE_CORRUPT",
          message: expect.stringContaining("no step's key") as unknown,
        }),
      );
  });
});

describe("every kind of entry", () => {
  const kinds = Object.keys(entryBodies);

  it("has a stored number of its own", () => {
    expect(kindsWithoutNumber()).toEqual([]);
    const numbers = Object.keys(entryBodies).map((kind) => kindNumber(kind as keyof typeof entryBodies));
    expect(new Set(numbers).size).toBe(kinds.length);
  });

  it("keeps the number that it was released with", () => {
    const released = [
      "created",
      "message",
      "reply",
      "request",
      "input",
      "cancel",
      "claim",
      "release",
      "result",
      "child",
      "attempt",
      "compaction",
      "refusal",
      "artifact",
      "recovery",
      "ended",
    ] as const;
    expect(released.map((kind) => kindNumber(kind))).toEqual(released.map((_, index) => index));
  });

  it.each(kinds)("can be read once it was erased: %s", (kind) => {
    expect(readEntry({ ...row, kind, key: "1/tool/0", body: null })).toMatchObject({
      kind,
      seq: 7,
      key: "1/tool/0",
    });
  });
});
