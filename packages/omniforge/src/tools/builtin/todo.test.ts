import { describe, expect, it } from "vitest";
import type { Json } from "../../protocol/json.ts";
import { todoTool } from "./todo.ts";

async function plan(parameters: Json): Promise<unknown> {
  return todoTool.execute(parameters, {
    tenant: "t",
    task: "k",
    idempotencyKey: "i",
    signal: new AbortController().signal,
    workspace: "/",
    answers: [],
    progress: () => {},
  });
}

describe("todo", () => {
  it("answers with the plan that it was given", async () => {
    const items = [
      { text: "look", state: "done" },
      { text: "write", state: "active" },
    ];
    expect(await plan({ items })).toEqual({ items });
    expect(await plan({ items: [] })).toEqual({ items: [] });
  });

  it("refuses states it does not know, and endless plans", async () => {
    for (const items of [
      [{ text: "a", state: "someday" }],
      [{ text: "", state: "done" }],
      Array.from({ length: 101 }, () => ({ text: "a", state: "done" })),
    ])
      await expect(plan({ items })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("has no effect and needs nobody", () => {
    expect(todoTool.spec).toMatchObject({ effects: "none", approval: "never" });
  });
});
