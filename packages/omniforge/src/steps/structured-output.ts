/**
 * Final answers with a schema: reading the value out of a model's text, and what the model is told when it does not fit.
 *
 * Owns: the one repair. The recorded reply says what was wrong; the transcript shows it to the model; a second answer
 * that does not fit fails the task.
 */
import { OmniForgeError } from "../protocol/error.ts";
import { json, type Json } from "../protocol/json.ts";
import { textOf, userMessage, type Message, type Part } from "../protocol/message.ts";
import { validate, type JsonSchema } from "../tools/schema.ts";

export type Output = { readonly value: Json } | { readonly invalid: string };

/** The value that the answer's text holds; fences around it are tolerated. Never throws for what a model wrote. */
export async function readOutput(schema: Json, parts: readonly Part[]): Promise<Output> {
  const text = textOf(parts).trim();
  const [, fenced = text] = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/.exec(text) ?? [];
  let value: Json;
  try {
    value = json.parse(JSON.parse(fenced));
  } catch {
    return { invalid: "it is not JSON" };
  }
  try {
    await validate(schema as JsonSchema, value);
    return { value };
  } catch (thrown) {
    if (OmniForgeError.is(thrown, "INVALID_INPUT")) return { invalid: thrown.message };
    throw thrown;
  }
}

/** What stands behind an answer that did not fit, in the transcript. */
export function repairMessage(invalid: string): Message {
  return userMessage(
    `Your answer does not fit the schema: ${invalid}. Answer again, with the JSON value alone.`,
  );
}
