/**
 * What a simulation is given: agents that say what they will do, people, and what goes wrong when. Drawn by fast-check,
 * so that a failing one is made smaller; the order of events within is drawn from `order`.
 */
import fc from "fast-check";
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

const call: fc.Arbitrary<CallPlan> = fc.record({
  tool: fc.constantFrom(...toolNames, "pay", "pay", "put"),
  behaves: fc.array(fc.constantFrom(...behaviours, "ok", "ok", "ok", "ok"), { minLength: 0, maxLength: 3 }),
  wrong: fc.constantFrom(
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

const reply: fc.Arbitrary<ReplyPlan> = fc.record({
  faults: fc.array(
    fc.constantFrom(...modelFaults.slice(0, 6), "429" as const, "500" as const, "cut" as const),
    { maxLength: 2 },
  ),
  calls: fc.array(call, { maxLength: 4 }),
});

const agent: fc.Arbitrary<AgentPlan> = fc.record({
  replies: fc.array(reply, { maxLength: 5 }),
  turns: fc.constantFrom(20, 20, 20, 1, 2, 3),
  tokens: fc.constantFrom(undefined, undefined, undefined, 30, 60),
  wallTimeMs: fc.constantFrom(undefined, undefined, undefined, undefined, 8_000),
  atLimit: fc.constantFrom("fail" as const, "ask" as const),
  compactAtTokens: fc.constantFrom(undefined, undefined, 40, 80, 160),
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
const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.record({ step: fc.nat(250) }),
  fc.record({ on: fc.constantFrom(...labels), nth: fc.nat(5) }),
);
const happening = fc.record({
  at: moment,
  what: fc.constantFrom<Mishap | Deed>(
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
const plot: fc.Arbitrary<readonly Happening[]> = fc.oneof(
  // Nobody is left to reach the sub-agents of a cancelled task.
  fc.nat(120).map((step): Happening[] => [
    { at: { step }, what: "half-cancel" },
    { at: { on: "commit ended", nth: 0 }, what: "crash" },
  ]),
  // A zombie goes on, right after it has written something.
  fc
    .record({
      on: fc.constantFrom("commit claim", "commit reply", "tool", "model", "turn", "acquire"),
      nth: fc.nat(3),
      step: fc.integer({ min: 40, max: 300 }),
    })
    .map(({ on, nth, step }): Happening[] => [
      { at: { on, nth }, what: "pause" },
      { at: { step }, what: "resume" },
    ]),
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  agents: fc.array(agent, { minLength: 1, maxLength: 3 }),
  happenings: fc
    .array(
      fc.oneof({ weight: 6, arbitrary: happening.map((one) => [one]) }, { weight: 1, arbitrary: plot }),
      { maxLength: 6 },
    )
    .map((all) => all.flat()),
  order: fc.noShrink(fc.integer({ min: 0, max: 0xffffffff })),
  disorder: fc.record({
    overtaking: fc.constantFrom(0, 0.3, 1),
    detours: fc.constantFrom(0, 0.1, 0.4),
    slowness: fc.constantFrom(0, 0.01, 0.05),
  }),
  eagerness: fc.constantFrom(0.02, 0.1, 0.5, 0),
  incarnations: fc.constantFrom(1, 2),
  slots: fc.constantFrom(64, 2),
  fenced: fc.constantFrom(true, true, true, false),
});
