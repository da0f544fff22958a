/**
 * Step keys: `turn/kind/index`, the name under which a step's one outcome is recorded (K1).
 *
 * Opaque to everybody but this file. An index may carry an ordinal (`3.1`) where one call does the same thing again:
 * a second claim after a release, a second question of the same call.
 */
export type StepKind = "model" | "tool" | "open" | "claim" | "release" | "compact" | "limit" | "ask";
export type StepKey = string;

export function stepKey(turn: number, kind: StepKind, index: number, ordinal = 0): StepKey {
  return `${turn}/${kind}/${index}${ordinal === 0 ? "" : `.${ordinal}`}`;
}

const shape = /^\d+\/[a-z]+\/\d+(?:\.\d+)?$/;

/** Whether this is a key that this version reads. */
export function isStepKey(text: string): boolean {
  return shape.test(text);
}

/** The parts of a key; a key of a shape that this version does not know belongs to turn 0. */
export function parseStepKey(key: StepKey): { turn: number; kind: string; index: number; ordinal: number } {
  const [turn = "0", kind = "", index = "0"] = key.split("/");
  const [position = "0", ordinal = "0"] = index.split(".");
  return { turn: Number(turn) || 0, kind, index: Number(position) || 0, ordinal: Number(ordinal) || 0 };
}

/** The same call's key of another kind: the claim of a tool step, say. */
export function siblingKey(key: StepKey, kind: StepKind, ordinal = 0): StepKey {
  const { turn, index } = parseStepKey(key);
  return stepKey(turn, kind, index, ordinal);
}
