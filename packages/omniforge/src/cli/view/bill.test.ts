import { describe, expect, it } from "vitest";
import type { Entry, EntryBody } from "../../protocol/entry.ts";
import { noUsage } from "../../protocol/message.ts";
import { createBill } from "./bill.ts";

const usage = { inputTokens: 1_000, outputTokens: 100 };
const prices = { "my:model": { perMillion: { input: 2, output: 10 } } };

function reply(model: string, used = usage): Entry {
  const body: EntryBody<"reply"> = {
    turn: 1,
    outcome: "answer",
    model,
    parts: [],
    calls: [],
    took: [],
    usage: used,
  };
  return { kind: "reply", key: "1/model/0", body, v: 1, seq: 3, at: 0 };
}

describe("the bill", () => {
  it("is empty before anything was used", () => {
    const bill = createBill();
    bill.add("t", reply("my:model", noUsage));
    expect([bill.tokens(), bill.cost()]).toEqual(["", ""]);
  });

  it("adds what each call cost, failed ones and conversations' included", () => {
    const bill = createBill(prices);
    bill.add("t", reply("my:model"));
    bill.add("t", reply("chat:my:model"));
    const failed = {
      step: "2/model/0",
      error: { code: "MODEL_FAILED", message: "cut" },
      model: "my:model",
      usage,
    };
    bill.add("t", { kind: "attempt", body: failed, v: 1, seq: 4, at: 0 });
    expect(bill.tokens()).toBe("3,300 tokens");
    expect(bill.cost()).toBe("$0.0090");
  });

  it("says no price where one of several is not known", () => {
    const bill = createBill(prices);
    bill.add("t", reply("my:model"));
    bill.add("t.1.0", reply("nobody:knows"));
    expect(bill.tokens()).toBe("2,200 tokens");
    expect(bill.cost()).toBe("");
  });
});
