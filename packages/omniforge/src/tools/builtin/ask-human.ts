/** `ask_human`: a question to a person. The call waits, for weeks if need be, and the answer becomes its result. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { defineTool, type Tool } from "../tool.ts";

const parameters = z.strictObject({
  question: z.string().min(1).describe("The question, complete in itself"),
  options: z.array(z.string().min(1)).min(1).max(20).optional().describe("Answers to choose from"),
});

const defined = defineTool({
  name: "ask_human",
  description:
    "Asks the person that you work for, and waits for the answer. Use it when only they can know or decide.",
  parameters,
  effects: "none",
  execute: () => {
    throw new OmniForgeError("INTERNAL", "ask_human is answered by a person, and was run as a function");
  },
});

/** The definition is all there is: a call is put to a person by the engine, and `execute` is never called. */
export const askHumanTool: Tool = { ...defined, spec: { ...defined.spec, runs: "question" } };
