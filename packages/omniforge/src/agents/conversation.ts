/** Conversations: an agent that goes on after its answer, with whatever the person says next, in one task. */
import { chatReference } from "../models/model-reference.ts";
import { listenTool } from "../tools/builtin/listen.ts";
import { defineAgent, type Agent } from "./define-agent.ts";

/** By its first message's id a conversation is known, also before anything was answered. */
export const firstMessageId = "chat";

export { isListening } from "../tools/builtin/listen.ts";

/**
 * The agent as one to talk with: its task waits after each answer (`models/chat-model.ts`), and ends when a person refuses to
 * say more. A limit asks instead of failing, since somebody is there; an answer by schema becomes text.
 */
export function conversational({ definition }: Agent, model: string): Agent {
  const { output: _text, fallbackModels, tools = [], limits, ...rest } = definition;
  return defineAgent({
    ...rest,
    model: chatReference(definition.model ?? model),
    tools: [...tools, listenTool],
    limits: { ...limits, atLimit: "ask" },
    ...(fallbackModels !== undefined && { fallbackModels: fallbackModels.map(chatReference) }),
  });
}
