/** `listen`: where a conversation waits for what the person says next. No model is ever offered it; see `models/chat-model.ts`. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Call } from "../../protocol/call.ts";
import type { InputRequest } from "../../protocol/input.ts";
import { defineTool, type Tool } from "../tool.ts";

/** The question that a conversation waits at. */
export const listenPrompt = "What next?";

const defined = defineTool({
  name: "listen",
  description: "Waits for what the person says next.",
  parameters: z.strictObject({ question: z.literal(listenPrompt) }),
  effects: "none",
  execute: () => {
    throw new OmniForgeError("INTERNAL", "listen is answered by a person, and was run as a function");
  },
});

/** Whether a conversation waits here for what the person says next. */
export function isListening({ kind, prompt }: Pick<InputRequest, "kind" | "prompt">): boolean {
  return kind === "question" && prompt === listenPrompt;
}

export const listenTool: Tool = { ...defined, spec: { ...defined.spec, runs: "question" } };

/** Whether this call asks this because it listens, and is no question that sounds like it. */
export function listens(
  { name }: Pick<Call, "name">,
  request: Pick<InputRequest, "kind" | "prompt">,
): boolean {
  return name === listenTool.spec.name && isListening(request);
}
