/** Planted: a tool that says it is idempotent, and does its work again when it is executed again. */
import { defineAgent, defineTool } from "omniforge";
import { defineCrashProgram, scriptedModel } from "omniforge/testing";

export default defineCrashProgram(({ ledger }) => ({
  agent: defineAgent({
    name: "careless",
    instructions: "Append a line.",
    model: "scripted:careless",
    tools: [
      defineTool({
        name: "append",
        description: "Appends a line",
        parameters: { type: "object", properties: {} },
        effects: "idempotent",
        execute(_parameters, { idempotencyKey }) {
          ledger.effect(idempotencyKey, "appended");
          return "appended";
        },
      }),
    ],
  }),
  models: {
    "scripted:careless": scriptedModel(({ turn }) =>
      turn === 1 ? { calls: [{ name: "append" }] } : { text: "done" },
    ),
  },
  message: "append a line",
}));
