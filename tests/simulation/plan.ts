/**
 * What a simulation is given: agents that say what they will do, people, and what goes wrong when. Drawn by fast-check,
 * so that a failing one is made smaller; the order of events within is drawn from `order`.
 */
import { type Arbitrary, array, constantFrom, integer, nat, noShrink, oneof, record } from "fast-check";
import type { Disorder } from "./schedule.ts";

export const toolNames = [
  "look",
  "put",
  "pay",
  "send",
  "sign",
  "wipe",
  "edit",
  "ask",
  "poll",
  "sub1",
  "sub2",
  "nope",
] as const;
export type ToolName = (typeof toolNames)[number];

/** What a tool does when it is executed for the first time, the second, and so on; the last one from then on. */
export const behaviours = ["ok", "fail", "not-started", "ask", "slow", "deaf", "hang", "big"] as const;
export type Behaviour = (typeof behaviours)[number];

export const modelFaults = ["429", "500", "cut", "hang", "slow", "context", "400"] as const;
export type ModelFault = (typeof modelFaults)[number];

export interface CallPlan {
  readonly tool: ToolName;
  readonly behaves: readonly Behaviour[];
  /** `json`: the arguments are not JSON; `schema`: they are not what the tool takes. */
  readonly wrong?: "json" | "schema" | undefined;
}

/** One reply of the model. Without calls it is an answer. */
export interface ReplyPlan {
  readonly faults: readonly ModelFault[];
  readonly calls: readonly CallPlan[];
}

export interface AgentPlan {
  readonly replies: readonly ReplyPlan[];
  readonly turns: number;
  readonly tokens?: number | undefined;
  readonly wallTimeMs?: number | undefined;
  readonly atLimit: "fail" | "ask";
  readonly compactAtTokens?: number | undefined;
}

/** Where in the run something happens: at a step, or when the nth operation with this label has been performed. */
export type Moment = { readonly step: number } | { readonly on: string; readonly nth: number };

export type Mishap =
  | "crash"
  | "pause"
  | "resume"
  | "stop"
  | "start"
  | "start-bare"
  | "forward"
  | "backward"
  | "store-fault";
export const deeds = [
  "message",
  "cancel",
  "cancel-child",
  "submit-again",
  "stray-answer",
  "double-message",
  "half-cancel",
] as const;
export type Deed = (typeof deeds)[number];

export interface Happening {
  readonly at: Moment;
  readonly what: Mishap | Deed;
}

export interface Plan {
  /** The root's agent, and those that `sub1` and `sub2` open. */
  readonly agents: readonly AgentPlan[];
  readonly happenings: readonly Happening[];
  readonly order: number;
  readonly disorder: Disorder;
  /** How often people answer, of the moments at which they could. */
  readonly eagerness: number;
  readonly incarnations: number;
  readonly slots: number;
  /** Whether an executor that was replaced is known by its fence; without, keys and nonces must do. */
  readonly fenced: boolean;
}

const call: Arbitrary<CallPlan> = record({
  tool: constantFrom(...toolNames, "pay", "pay", "put"),
  behaves: array(constantFrom(...behaviours, "ok", "ok", "ok", "ok"), { minLength: 0, maxLength: 3 }),
  wrong: constantFrom(
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "json" as const,
    "schema" as const,
  ),
});

const reply = (fewestCalls: number): Arbitrary<ReplyPlan> =>
  record({
    faults: array(
      constantFrom<ModelFault>("429", "429", "500", "500", "500", "cut", "cut", "hang", "slow", "context"),
      {
        maxLength: 2,
      },
    ),
    calls: array(call, { minLength: fewestCalls, maxLength: 4 }),
  });

const agent: Arbitrary<AgentPlan> = record({
  // Most replies call something: an answer is the end, unless somebody has said something meanwhile.
  replies: array(oneof({ weight: 5, arbitrary: reply(1) }, { weight: 1, arbitrary: reply(0) }), {
    maxLength: 6,
  }),
  turns: constantFrom(20, 20, 20, 20, 20, 20, 1, 2, 3),
  tokens: constantFrom(undefined, undefined, undefined, undefined, undefined, 30, 60),
  wallTimeMs: constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, 8_000),
  atLimit: constantFrom("fail", "ask"),
  compactAtTokens: constantFrom(undefined, undefined, undefined, undefined, 40, 80, 160),
});

/** Moments right after a write, where a crash hurts most, and others anywhere. */
const labels = [
  "create",
  "commit reply",
  "commit claim",
  "commit result",
  "commit ended",
  "commit attempt",
  "commit input",
  "commit child",
  "commit cancel",
  "commit compaction",
  "commit message",
  "commit release",
  "commit request",
  "acquire",
  "release",
  "turn",
  "model",
  "tool",
  "read",
  "runnable",
  "evict",
  "retire",
];
const moment: Arbitrary<Moment> = oneof(
  record({ step: nat(250) }),
  record({ on: constantFrom(...labels), nth: nat(5) }),
);
const happening = record({
  at: moment,
  what: constantFrom<Mishap | Deed>(
    "crash",
    "crash",
    "crash",
    "pause",
    "pause",
    "stop",
    "start",
    "start-bare",
    "forward",
    "backward",
    "store-fault",
    "message",
    "message",
    "message",
    "cancel",
    "cancel-child",
    "submit-again",
    "stray-answer",
    "double-message",
    "half-cancel",
  ),
});

/** What seldom comes together by chance. */
const plot: Arbitrary<readonly Happening[]> = oneof(
  // Nobody is left to reach the sub-agents of a cancelled task.
  nat(120).map((step): Happening[] => [
    { at: { step }, what: "half-cancel" },
    { at: { on: "commit ended", nth: 0 }, what: "crash" },
  ]),
  // A step kills its process each time.
  record({ on: constantFrom("tool", "model"), times: integer({ min: 2, max: 9 }) }).map(({ on, times }) =>
    Array.from({ length: times }, (_, nth): Happening => ({ at: { on, nth }, what: "crash" })),
  ),
  // A zombie goes on, right after it has written something.
  record({
    on: constantFrom("commit claim", "commit reply", "tool", "model", "turn", "acquire"),
    nth: nat(3),
    step: integer({ min: 40, max: 300 }),
  }).map(({ on, nth, step }): Happening[] => [
    { at: { on, nth }, what: "pause" },
    { at: { step }, what: "resume" },
  ]),
);

export const plans: Arbitrary<Plan> = record({
  agents: array(agent, { minLength: 1, maxLength: 3 }),
  happenings: array(
    oneof({ weight: 6, arbitrary: happening.map((one) => [one]) }, { weight: 1, arbitrary: plot }),
    {
      maxLength: 6,
    },
  ).map((all) => all.flat()),
  order: noShrink(integer({ min: 0, max: 0xffffffff })),
  disorder: record({
    overtaking: constantFrom(0, 0.3, 1),
    detours: constantFrom(0, 0.1, 0.4),
    slowness: constantFrom(0, 0.01, 0.05),
  }),
  eagerness: constantFrom(0.02, 0.1, 0.5, 0),
  incarnations: constantFrom(1, 2),
  slots: constantFrom(64, 2),
  fenced: constantFrom(true, true, true, false),
});
