/**
 * The agent that is killed: parallel tools of every effect class, a retried one, an approval, a question, a sub-agent with
 * a tool of its own, a compaction, a message from a person, a large result, and a model that fails once.
 *
 * Its answer does not depend on what the `once` tools came to, so that a run with an unknown outcome says the same.
 */
import { setImmediate } from "node:timers/promises";
import { askHumanTool, defineAgent, defineTool, type Agent, type Tool } from "omniforge";
import {
  defineCrashProgram,
  scriptedModel,
  type Conversation,
  type CrashProgram,
  type EffectLedger,
  type ScriptedReply,
} from "omniforge/testing";
import type { EffectClass } from "../../../packages/omniforge/src/protocol/agent-spec.ts";
import { inWords } from "./in-words.ts";

export const rootTask = "crash";
export const finalText = "everything is done";

const parameters = { type: "object", properties: {}, additionalProperties: false };
const quickly = { maximumAttempts: 3, initialIntervalMs: 5, backoffCoefficient: 1, maximumIntervalMs: 5 };

/** A tool whose effect is its line in the ledger; an idempotent one looks first whether it is there. */
function effective(
  ledger: EffectLedger,
  name: string,
  effects: EffectClass,
  result: string,
  more: { fails?: boolean; asks?: boolean } = {},
): Tool {
  return defineTool({
    name,
    description: name,
    parameters,
    effects,
    ...(more.fails === true && { retry: quickly }),
    ...(more.asks === true && { needsApproval: true }),
    async execute(_parameters, { idempotencyKey }) {
      await setImmediate();
      if (more.fails === true && !ledger.hasEffect(idempotencyKey, "has failed")) {
        ledger.effect(idempotencyKey, "has failed");
        throw new Error(`${name} fails the first time`);
      }
      if (effects === "once" || (effects === "idempotent" && !ledger.hasEffect(idempotencyKey, name)))
        ledger.effect(idempotencyKey, name);
      return result;
    },
  });
}

/** The root agent, with its sub-agent inside. */
export function createAgent(ledger: EffectLedger): Agent {
  const helper = defineAgent({
    name: "helper",
    instructions: "Dig.",
    model: "scripted:helper",
    tools: [effective(ledger, "dig", "idempotent", "water")],
    modelRetry: quickly,
  });
  const long = "the letter, at length. ".repeat(300);
  return defineAgent({
    name: "root",
    instructions: "Do everything.",
    model: "scripted:root",
    tools: [
      effective(ledger, "look", "none", "a view"),
      effective(ledger, "note", "idempotent", "noted", { fails: true }),
      effective(ledger, "pay", "once", "paid"),
      effective(ledger, "send", "once", long, { asks: true }),
      effective(ledger, "print", "idempotent", long.repeat(6)),
      effective(ledger, "check", "none", "checked"),
      askHumanTool,
    ],
    agents: [helper],
    modelRetry: quickly,
    compactAtTokens: 1_000,
  });
}

const wasCompacted = ({ said }: Conversation): boolean =>
  said.some((text) => text.startsWith("What happened before, in short:"));

const calls = (...names: readonly string[]): ScriptedReply => ({ calls: names.map((name) => ({ name })) });

/** The third turn finds the transcript too long and compacts it, and the fourth starts from there. */
function rootScript(conversation: Conversation): ScriptedReply {
  if (conversation.tools.length === 0) return { text: "the first two turns are done" };
  if (wasCompacted(conversation)) return conversation.turn === 1 ? calls("check") : { text: finalText };
  if (conversation.turn === 1)
    return { ...calls("look", "note", "pay", "look"), text: "I begin with what needs nobody. " };
  return {
    text: "Now I ask, and have others dig. ",
    calls: [
      { name: "send" },
      { name: "ask_human", arguments: { question: "Which colour?" } },
      { name: "helper", arguments: { message: "dig for water" } },
      { name: "print" },
    ],
  };
}

function helperScript({ turn }: Conversation): ScriptedReply {
  return turn === 1 ? calls("dig") : { text: "water was found" };
}

/** The provider is overloaded when the second turn is asked for the first time, by whatever process. */
const failing = "crash/2/model/0";

export function createProgram(ledger: EffectLedger): CrashProgram {
  const once = (conversation: Conversation): boolean => {
    if (conversation.turn !== 2 || wasCompacted(conversation) || conversation.tools.length === 0)
      return false;
    if (ledger.hasEffect(failing, "was overloaded")) return false;
    ledger.effect(failing, "was overloaded");
    return true;
  };
  const root = async (conversation: Conversation): Promise<ScriptedReply> => {
    await setImmediate();
    return once(conversation) ? { fail: { status: 529 } } : rootScript(conversation);
  };
  return {
    agent: createAgent(ledger),
    models: {
      "scripted:root": inWords(scriptedModel(root, "scripted:root")),
      "scripted:helper": inWords(scriptedModel(helperScript, "scripted:helper")),
    },
    message: "do everything",
    say: ["and check it in the end"],
    answer: ({ kind }) =>
      kind === "question" ? { decision: "answer", value: "green" } : { decision: "approve" },
    indifferent: true,
  };
}

export default defineCrashProgram(({ ledger }) => createProgram(ledger));
