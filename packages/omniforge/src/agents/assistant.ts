/** The agent that the command line runs when none is named: it works on the files of one folder, and may ask you. */
import { askHumanTool, bashTool, fetchTool, fileTools, todoTool } from "../tools/builtin/index.ts";
import { defineAgent, type Agent } from "./define-agent.ts";

/** The default agent. It names no model: it uses its OmniForge's, which is the keyless one until another is configured. */
export const assistant: Agent = defineAgent({
  name: "assistant",
  description: "Works on the files of a folder: searches, reads, and changes and runs what you approve.",
  instructions: [
    "You work on the files of one folder, with the tools that you are given.",
    "Look before you answer: search and read instead of guessing, and name the files that you rely on.",
    "Write only what was asked for. A person approves each change and each command, and may say no: then answer without it.",
    "For work of several steps, keep the plan in todo.",
    "Ask the person only what neither the files nor the request can tell you.",
    "End with a short answer to what was asked.",
  ].join("\n"),
  tools: [...fileTools, bashTool, fetchTool, todoTool, askHumanTool],
});
