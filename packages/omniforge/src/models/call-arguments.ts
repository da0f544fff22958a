/**
 * A model's arguments are text until proven to be JSON that can be stored. What they were is kept, in short, for the model
 * to correct: nothing is silently defaulted.
 */
import { json, repairText, type Json } from "../protocol/json.ts";

/** Characters of one call's arguments; a call with more is told so, and not made. */
const maximumArguments = 1_000_000;
/** What the log keeps of arguments that were not taken. */
const keptCharacters = 4_096;

export interface CallArguments {
  readonly arguments: Json;
  /** How they began; before it what is wrong with them, where they were JSON. The call is not made. */
  readonly malformed?: string;
}

export function parseArguments(input: string): CallArguments {
  if (input.length > maximumArguments)
    return wrong(input, `they have ${input.length} characters, and ${maximumArguments} are the limit`);
  try {
    const parsed = json.safeParse(input.trim() === "" ? {} : JSON.parse(input));
    if (parsed.success) return { arguments: parsed.data };
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
    return wrong(input, `${issue?.message ?? "they can't be stored"}${where}`);
  } catch {
    return { arguments: {}, malformed: begin(input) };
  }
}

function wrong(input: string, why: string): CallArguments {
  return { arguments: {}, malformed: `${why}: ${begin(input)}` };
}

const begin = (input: string): string => repairText(input.slice(0, keptCharacters));
