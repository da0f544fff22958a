/**
 * The agent that is killed: parallel tools of every effect class, a retried one, an approval, a question, a sub-agent with
 * a tool of its own, a compaction, a message from a person, and a model that fails once.
 *
 * Its answer does not depend on what the `once` tools came to, so that a run with an unknown outcome says the same.
 */
import { setImmediate } from "node:timers/promises";
import { defineAgent, defineTool, type Agent, type Tool } from "omniforge";
import { scriptedModel, type Conversation, type ScriptedReply } from "omniforge/testing";
import type { EffectClass } from "../../../packages/omniforge/src/protocol/agent-spec.ts";
import type { LanguageModel } from "../../../packages/omniforge/src/models/language-model.ts";
import type { Ledger } from "../ledger.ts";
import type { Points } from "./points.ts";

export const rootTask = "crash";
export const helperTask = "crash.2.2";
export const finalText = "everything is done";

export interface World {
  readonly ledger: Ledger;
  readonly points: Points;
}

const parameters = { type: "object", properties: {}, additionalProperties: false };
const quickly = { maximumAttempts: 3, initialIntervalMs: 5, backoffCoefficient: 1, maximumIntervalMs: 5 };

/** A tool whose effect is its line in the ledger; it passes a point on either side of the effect. */
function recorded(
  world: World,
  name: string,
  effects: EffectClass,
  result: string,
  more: { fails?: boolean; asks?: boolean } = {},
): Tool {
  const { ledger, points } = world;
  return defineTool({
    name,
    description: name,
    parameters,
    effects,
    ...(more.fails === true && { retry: quickly }),
    ...(more.asks === true && { needsApproval: true }),
    async execute(_parameters, { idempotencyKey }) {
      const isFirst = ledger.starts(idempotencyKey) === 0;
      ledger.write("start", idempotencyKey);
      points.pass(`inside ${name}, before its effect`);
      await setImmediate();
      if (more.fails === true && isFirst) {
        ledger.write("failed", idempotencyKey);
        throw new Error(`${name} fails the first time`);
      }
      ledger.write("end", idempotencyKey);
      points.pass(`inside ${name}, after its effect`);
      return result;
    },
  });
}

const question = {
  name: "ask",
  question: "Which colour?",
};

/** What `ask` is: a call that is put to a person instead of being run. */
function asking(): Tool {
  const tool = defineTool({
    name: question.name,
    description: "Asks",
    parameters: { type: "object", properties: { question: { type: "string" } } },
    effects: "none",
    execute: () => "",
  });
  return { ...tool, spec: { ...tool.spec, runs: "question" } };
}

/** The root agent, with its sub-agent inside. */
export function createAgent(world: World): Agent {
  const helper = defineAgent({
    name: "helper",
    instructions: "Dig.",
    model: "scripted:helper",
    tools: [recorded(world, "dig", "idempotent", "water")],
    modelRetry: quickly,
  });
  const long = "the letter, at length. ".repeat(300);
  return defineAgent({
    name: "root",
    instructions: "Do everything.",
    model: "scripted:root",
    tools: [
      recorded(world, "look", "none", "a view"),
      recorded(world, "note", "idempotent", "noted", { fails: true }),
      recorded(world, "pay", "once", "paid"),
      recorded(world, "send", "once", long, { asks: true }),
      recorded(world, "print", "idempotent", long),
      asking(),
      recorded(world, "check", "none", "checked"),
    ],
    agents: [helper],
    modelRetry: quickly,
    compactAtTokens: 1_000,
  });
}

/** The models of both agents. Every call is in the ledger, under the key of the step that makes it. */
export function createModels(world: World): Record<string, LanguageModel> {
  const watched =
    (task: string, script: (conversation: Conversation) => ScriptedReply) =>
    async (conversation: Conversation) => {
      const key = `${task}/${modelKey(conversation)}`;
      const isFirst = world.ledger.starts(key) === 0;
      world.ledger.write("start", key);
      world.points.pass(`inside the model, asked for ${key}`);
      await setImmediate();
      if (isFirst && key === failingCall) {
        world.ledger.write("failed", key);
        return { fail: { status: 529 } };
      }
      world.ledger.write("end", key);
      world.points.pass(`inside the model, answering ${key}`);
      return script(conversation);
    };
  return {
    "scripted:root": scriptedModel(watched(rootTask, rootScript), "scripted:root"),
    "scripted:helper": scriptedModel(watched(helperTask, helperScript), "scripted:helper"),
  };
}

const failingCall = `${rootTask}/2/model/0`;
const compactedBefore = "What happened before, in short:";
const wasCompacted = ({ said }: Conversation): boolean =>
  said.some((text) => text.startsWith(compactedBefore));

/** The step that asks: the third turn finds the transcript too long and compacts it, and the fourth starts from there. */
function modelKey(conversation: Conversation): string {
  if (conversation.tools.length === 0) return "3/compact/0";
  return `${wasCompacted(conversation) ? conversation.turn + 3 : conversation.turn}/model/0`;
}

const calls = (...names: readonly string[]): ScriptedReply => ({ calls: names.map((name) => ({ name })) });

function rootScript(conversation: Conversation): ScriptedReply {
  if (conversation.tools.length === 0) return { text: "the first two turns are done" };
  if (wasCompacted(conversation)) return conversation.turn === 1 ? calls("check") : { text: finalText };
  if (conversation.turn === 1) return calls("look", "note", "pay", "look");
  const helper = { name: "helper", arguments: { message: "dig for water" } };
  return {
    calls: [
      { name: "send" },
      { name: question.name, arguments: { question: question.question } },
      helper,
      { name: "print" },
    ],
  };
}

function helperScript({ turn }: Conversation): ScriptedReply {
  return turn === 1 ? calls("dig") : { text: "water was found" };
}
