import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry, TaskEvent } from "omniforge/protocol";
import { mask, noteSecret, secretsOf } from "../../packages/omniforge/src/redaction/known-secrets.ts";
import { createRedactor } from "../../packages/omniforge/src/redaction/redactor.ts";

const secret = "correct horse/battery+staple";
const lookAlikes = [
  `ofk_${"0".repeat(16)}_${"a".repeat(64)}`,
  "sk-proj-abcdefghijklmnop1234",
  `AIza${"x".repeat(35)}`,
  "AKIAIOSFODNN7EXAMPLE",
  `ghp_${"a1".repeat(18)}`,
  `github_pat_${"a1_".repeat(12)}`,
  "xoxb-1234567890-abcdefghij",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fw",
  "Bearer abcdefghijklmnop.qrstuv",
  "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----",
];

describe("known secrets", () => {
  it("are masked wherever they stand, as they are and as JSON writes them", () => {
    const quoted = 'with "quotes" and \\';
    const { text } = createRedactor({ secrets: [secret, quoted] });
    expect(text(`a ${secret} b ${secret}`)).toBe(`a ${mask} b ${mask}`);
    expect(text(JSON.stringify({ quoted }))).toBe(`{"quoted":"${mask}"}`);
  });

  it.each(lookAlikes)("are known by their looks: %s", (one) => {
    expect(createRedactor({}).text(`before ${one} after`)).toBe(`before ${mask} after`);
  });

  it("are not every word that begins like one", () => {
    const text = "a task-force of sk-8 risks; Bearer of news; eyJ; AKIA";
    expect(createRedactor({}).text(text)).toBe(text);
  });

  it("are those of the environment that are named so, and long enough to be no word", () => {
    const environment = {
      OPENAI_API_KEY: "aaaaaaaaaa",
      DB_PASSWORD: "bbbbbbbb",
      MY_SECRET_2: "cccccccc",
      SHORT_KEY: "abc",
      MONKEY: "no-secret-at-all",
      PATH: "/usr/bin:/bin",
      NONE: undefined,
    };
    expect(secretsOf(environment)).toEqual(["aaaaaaaaaa", "bbbbbbbb", "cccccccc"]);
  });

  it("are also those that come to be known later", () => {
    const { text } = createRedactor({});
    expect(text("later-known-value")).toBe("later-known-value");
    noteSecret("later-known-value");
    expect(text("later-known-value")).toBe(mask);
  });
});

const call = (args: unknown): unknown => ({ parts: [{ type: "tool-call", name: "pay", arguments: args }] });

describe("configured fields", () => {
  const { record } = createRedactor({ fields: ["password", "$.card.number", "$.rows[*].iban"] });

  it("are masked by name at any depth, and by path from the root of a value", () => {
    const args = {
      Password: "hunter22",
      deep: [{ password: { a: 1 } }],
      card: { number: 4111, holder: "A" },
      number: 7,
      rows: [{ iban: "DE1", name: "B" }],
    };
    expect(record(call(args))).toEqual(
      call({
        Password: mask,
        deep: [{ password: mask }],
        card: { number: mask, holder: "A" },
        number: 7,
        rows: [{ iban: mask, name: "B" }],
      }),
    );
  });

  it("are masked in a text that is JSON, whole or cut", () => {
    const text = JSON.stringify({ user: "a", password: "hunter22", more: { password: [1, 2] } });
    const shown = (one: string): unknown => record({ parts: [{ type: "text", text: one }] }).parts[0]?.text;
    expect(shown(text)).toBe(JSON.stringify({ user: "a", password: mask, more: { password: mask } }));
    for (let cut = text.indexOf("hunter"); cut < text.length; cut++)
      expect(shown(text.slice(0, cut))).not.toMatch(/hunt|\[1/);
    expect(shown(`said: ${text}`)).not.toMatch(/hunter|\[1/);
    const card = JSON.stringify({ card: { number: "4111-2222", holder: "A" }, rest: "…" });
    for (let cut = card.indexOf("4111"); cut < card.length; cut++)
      expect(shown(card.slice(0, cut))).not.toContain("4");
  });

  it("are masked in the texts beside them: a prompt that quotes an argument", () => {
    const request = { prompt: "Log in with hunter22?", arguments: { password: "hunter22" } };
    expect(record(request)).toEqual({
      prompt: `Log in with ${mask}?`,
      arguments: { password: mask },
    });
  });

  it("leave our own members alone, and what hides nothing is the same object", () => {
    const named = createRedactor({ fields: ["name", "type", "text"] });
    expect(named.record({ name: "agent", parts: [{ type: "text", text: "hello" }] })).toEqual({
      name: "agent",
      parts: [{ type: "text", text: "hello" }],
    });
    const plain = call({ user: "a" });
    expect(record(plain)).toBe(plain);
  });

  it("are put back where arguments come back edited", () => {
    const redactor = createRedactor({ fields: ["password", "$.card.number"] });
    const asked = { password: "hunter22", card: { number: 4111 }, amount: 1 };
    const edited = { password: mask, card: { number: mask }, amount: 2, note: mask };
    expect(redactor.restore({ decision: "approve", arguments: edited }, asked)).toEqual({
      decision: "approve",
      arguments: { password: "hunter22", card: { number: 4111 }, amount: 2, note: mask },
    });
    expect(redactor.restore({ decision: "approve", arguments: { password: "mine" } }, asked)).toEqual({
      decision: "approve",
      arguments: { password: "mine" },
    });
    expect(redactor.restore({ decision: "reject" }, asked)).toEqual({ decision: "reject" });
  });

  it.each(["$", "$.", "$..a", "$[a]", "$.a[", "$a"])("are no path: %j", (field) => {
    expect(() => createRedactor({ fields: [field] })).toThrow(/is no path/);
  });
});

describe("a record", () => {
  it("keeps what only a model's provider can read to itself, and files as they are", () => {
    const file = { type: "file", data: "c2stYWJjZGVmZ2hpamtsbW5vcHFyc3R1dg==" };
    expect(
      createRedactor({}).record({ parts: [{ type: "text", text: "a", native: { x: secret } }, file] }),
    ).toEqual({
      parts: [{ type: "text", text: "a" }, file],
    });
  });
});

describe("a stream", () => {
  const delta = (offset: number, text: string): TaskEvent => ({
    type: "delta",
    task: "t",
    key: "1/model/0",
    attempt: "a",
    channel: "text",
    offset,
    text,
  });

  /** What a client has after these pieces: each put where its offset says. */
  function client(pieces: readonly string[], secrets: readonly string[] = [secret]): string {
    const show = createRedactor({ secrets }).published();
    let text = "";
    let offset = 0;
    for (const piece of pieces) {
      const shown = show(delta(offset, piece));
      offset += piece.length;
      if (shown?.type !== "delta") continue;
      expect(shown.offset).toBe(text.length);
      text += shown.text;
    }
    return text;
  }

  it("shows no piece of a secret, however it is cut, and in the end all that is none", () => {
    const secrets = [secret, "abcabc", "sesame-open-12"];
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(...secrets, ...lookAlikes.slice(0, 9), "abc", "sk-", "correct horse"),
            fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "c", " ", "s", "k", "-", "_", "\n") }),
          ),
          { maxLength: 8 },
        ),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
        (words, cuts) => {
          const whole = `${words.join(" ")} \n. \n.`;
          const pieces: string[] = [];
          for (let at = 0, cut = 0; at < whole.length; cut++) {
            const length = cuts[cut % cuts.length] ?? 1;
            pieces.push(whole.slice(at, at + length));
            at += length;
          }
          const known = createRedactor({ secrets });
          expect(client(pieces, secrets).replaceAll("•", "")).toBe(known.text(whole).replaceAll(mask, ""));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("shows no hidden member of an answer that is JSON, however it is cut", () => {
    const answer = JSON.stringify({
      a: 1,
      Password: 'x"y\\z',
      pin: -12.5,
      b: "shown",
      ok: true,
      card: { number: 7 },
    });
    for (let length = 1; length < 20; length++) {
      const show = createRedactor({ fields: ["password", "pin", "$.card.number"] }).published();
      let text = "";
      for (let at = 0; at < answer.length; at += length) {
        const shown = show(delta(at, answer.slice(at, at + length)));
        if (shown?.type === "delta") text += shown.text;
      }
      expect(text).not.toMatch(/x|y|z|12|5|7/);
      expect(text).toContain('"b":"shown","ok":true,"card":{');
    }
  });

  it("holds back what follows a hidden member that is no plain value", () => {
    const show = createRedactor({ fields: ["password"] }).published();
    expect(show(delta(0, 'so: {"password": [1, '))).toEqual(delta(0, "so: {"));
    expect(show(delta(21, '2], "b": 3}'))).toBeUndefined();
    // However much that is.
    for (let at = 32; at < 30_000; at += 1_000)
      expect(show(delta(at, `"hidden",${"x".repeat(991)}`))).toBeUndefined();
  });

  it("holds a key with lines back until it is whole", () => {
    const key = lookAlikes.at(-1) ?? "";
    expect(client(`see ${key}\nthen`.split(""))).toBe(`see ${"•".repeat(key.length)}\nthen`);
  });

  it("begins anew where pieces do not follow on each other", () => {
    const show = createRedactor({ secrets: [secret] }).published();
    expect(show(delta(0, secret.slice(0, 9)))).toBeUndefined();
    expect(show(delta(50, "tail\n"))).toEqual(delta(50, "tail\n"));
    show({ type: "reset", task: "t", key: "1/model/0", attempt: "b" });
    expect(show(delta(0, "anew"))).toEqual(delta(0, "anew"));
  });

  it("begins anew once the step has its entry, and leaves entries to who shows them", () => {
    const show = createRedactor({ secrets: [secret] }).published();
    const body = { name: "t", status: "error", parts: [], error: { code: "X", message: `no: ${secret}` } };
    const entry = { v: 1, seq: 1, at: 1, kind: "result", key: "1/model/0", body } as Entry;
    const event: TaskEvent = { type: "entry", task: "t", entry };
    expect(show(delta(0, "correct "))).toBeUndefined();
    expect(show(event)).toBe(event);
    expect(show(delta(8, "horses\n"))).toEqual(delta(8, "horses\n"));
    expect(createRedactor({ secrets: [secret] }).record(entry)).toMatchObject({
      body: { error: { message: `no: ${mask}` } },
    });
  });
});
