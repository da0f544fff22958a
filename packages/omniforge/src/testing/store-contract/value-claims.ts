/** What is written is what is read: no value that the protocol lets in is changed by storing it. */
import assert from "node:assert/strict";
import { entry } from "../../protocol/entry.ts";
import { json, type Json } from "../../protocol/json.ts";
import { userMessage } from "../../protocol/message.ts";
import { commit, committed, create, first, message, type Claim } from "./claim.ts";

const values: readonly Json[] = [
  "",
  "\u0000 nul, \u2028 line, \u0007 bell, \\ backslash, \" quote, ' quote",
  "😀 👩‍👩‍👧 é é Ω \uFFFD \uFFFF",
  "x".repeat(100_000),
  0,
  -1.5,
  5e-324,
  1.7976931348623157e308,
  2 ** 53,
  0.1 + 0.2,
  true,
  false,
  null,
  [],
  {},
  [[], [null, [{}]]],
  { "": "empty", "a.b": 1, $ref: "x", "🔑": { nested: [1, "2", false] }, constructor: "no", toString: "no" },
];

/** What JSON would change without a word, and the protocol refuses. */
const refused: readonly unknown[] = [
  NaN,
  Infinity,
  -Infinity,
  "\uD800",
  "a\uDC00b",
  ["\uD83D"],
  { "\uD800": 1 },
  1n,
  () => 1,
  Symbol("s"),
  new Date(0),
];

export function valueClaims(claim: Claim): void {
  claim("are read as they were written, whatever JSON they hold", async (store) => {
    await create(store);
    for (const [index, value] of values.entries()) {
      assert.deepEqual(json.parse(value), value);
      const written = entry(
        "result",
        { name: "tool", status: "result", parts: [{ type: "data", value }] },
        `0/tool/${index}`,
      );
      await committed(store, { entries: [written] });
      const read = await store.find(first, `0/tool/${index}`);
      assert.deepEqual({ kind: read?.kind, key: read?.key, body: read?.body }, written);
    }
  });

  claim("that storing would change are refused at the edge", async () => {
    for (const value of refused) assert.equal(json.safeParse(value).success, false, String(value));
    await Promise.resolve();
  });

  claim("of members that are undefined vanish, as in every JSON writer", async (store) => {
    await create(store);
    const body = { id: "stop", reason: undefined, actor: undefined };
    await store.commit({
      ...first,
      at: 1,
      entries: [{ kind: "cancel", body: JSON.parse(JSON.stringify(body)) as { id: string } }],
    });
    assert.deepEqual((await store.read(first, 2))[0]?.body, { id: "stop" });
  });

  claim("may be any text in ids, tenants and accepted ids", async (store) => {
    for (const text of [
      "it's",
      'say "hi"',
      "a;drop table tasks",
      "ünï/çödé 😀",
      "%_*?",
      "a\nb",
      " ",
      "'--",
    ]) {
      const reference = { tenant: text, task: `task ${text}` };
      await create(store, {
        ...reference,
        idempotencyKey: text,
        message: { id: text, message: userMessage(text) },
      });
      await committed(store, {
        ...reference,
        entries: [{ ...message(`m${text}`, text), key: "1/tool/0" }],
        accepts: `message:m${text}`,
      });
      assert.equal((await store.find(reference, "1/tool/0"))?.seq, 3);
      assert.equal(await store.find(reference, `1/tool/${text}`), undefined);
      assert.equal((await store.findAccepted(reference, `message:m${text}`))?.seq, 3);
      assert.equal(
        (await commit(store, { ...reference, entries: [message(text)], accepts: `message:${text}` })).kind,
        "found",
      );
      assert.equal((await store.list({ tenant: text, limit: 10 })).length, 1);
    }
  });
}
