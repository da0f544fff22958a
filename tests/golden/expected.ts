/** How each parked task ends: written by hand, from what its scenario says. Holds for every release's databases. */
export interface Expected {
  readonly state: "completed" | "canceled";
  readonly text: string;
  /** By key, what each call of the root came to. */
  readonly results: Readonly<Record<string, string>>;
  /** Executions since the database was written, by `depth/key`. */
  readonly executed: readonly string[];
}

const completed = (
  text: string,
  results: Readonly<Record<string, string>> = {},
  ...executed: readonly string[]
): Expected => ({ state: "completed", text, results, executed });

export const expected: Readonly<Record<string, Expected>> = {
  submitted: completed("1 said"),
  "mid-turn": completed(
    "look text a view; note text noted; read text a volume that is too lon; stall text stalled; 1 said",
    { "1/tool/0": "result", "1/tool/1": "result", "1/tool/2": "result", "1/tool/3": "result" },
    "0/1/tool/3",
  ),
  "waiting-approval": completed(
    "send text sent; look text a view; 2 said",
    { "1/tool/0": "result", "1/tool/1": "result" },
    "0/1/tool/0",
  ),
  "waiting-question": completed("ask_human text green; 1 said", { "1/tool/0": "result" }),
  "waiting-input": completed("form text filled in; 1 said", { "1/tool/0": "result" }, "0/1/tool/0"),
  "waiting-limit": completed("look text a view; 1 said", { "1/tool/0": "result" }),
  "waiting-child": completed("helper text helped: sent; 1 said", { "1/tool/0": "result" }, "1/1/tool/0"),
  cancelling: {
    state: "canceled",
    text: "",
    results: { "1/tool/0": "result", "1/tool/1": "canceled" },
    executed: [],
  },
  "retrying-model": completed("1 said"),
  "retrying-tool": completed(
    "look text a view; flaky text done at last; 1 said",
    { "1/tool/0": "result", "1/tool/1": "result" },
    "0/1/tool/1",
  ),
  "compacting-before": completed("compacted; 1 said", { "1/tool/0": "result" }),
  "compacting-after": completed("compacted; 1 said", { "1/tool/0": "result" }),
  "claimed-once": completed("look text a view; pay error-text pay was started, but its; 1 said", {
    "1/tool/0": "result",
    "1/tool/1": "unknown",
  }),
  "died-twice": completed(
    "look text a view; stall text stalled; 1 said",
    { "1/tool/0": "result", "1/tool/1": "result" },
    "0/1/tool/1",
  ),
  ended: completed("look text a view; 1 said", { "1/tool/0": "result" }),
};
