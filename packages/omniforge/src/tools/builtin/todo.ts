/** The plan that people see. The model writes it anew each time; the log keeps every version. */
import { z } from "zod";
import { defineTool } from "../tool.ts";

const maximumItems = 100;

const item = z.strictObject({
  text: z.string().min(1).max(500).describe("What is to be done, in a few words"),
  state: z.enum(["pending", "active", "done", "dropped"]),
});

const parameters = z.strictObject({
  items: z.array(item).max(maximumItems).describe("The whole plan, in order; it replaces the last one"),
});

/** Its result is the plan: whoever shows a task's plan shows the last result of this tool. Pure. */
export const todoTool = defineTool({
  name: "todo",
  description:
    "Shows people your plan and how far you are. Give the whole plan each time: what is done, what you do now (active, one at a time), what is to come. For work of several steps.",
  parameters,
  effects: "none",
  execute: ({ items }) => ({ items }),
});
