/** Asking the person at the terminal, in place. */
import { createInterface } from "node:readline/promises";
import type { Answer, InputRequest } from "../protocol/input.ts";
import { json as jsonShape, type Json } from "../protocol/json.ts";
import { optionsOf, optionText } from "./view/request-lines.ts";
import type { Interrupts } from "./interrupts.ts";
import { visible } from "./view/visible.ts";

/** `left`: the person closed the input or pressed Ctrl-C; `settled`: somebody else answered meanwhile. */
export type Asked = Answer | "left" | "settled";

/** Puts a request that is already shown to the person. The signal aborts when the request is settled elsewhere. */
export async function askOnTerminal(
  request: InputRequest,
  interrupts: Interrupts,
  settled: AbortSignal,
): Promise<Asked> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new AbortController();
  lines.on("SIGINT", () => interrupts.interrupt());
  lines.on("close", () => closed.abort());
  const signal = AbortSignal.any([settled, interrupts.stop, closed.signal]);
  try {
    for (let prompt = promptFor(request); ;) {
      const typed = visible(await lines.question(prompt, { signal })).trim();
      const answer = request.kind === "question" ? parseAnswer(typed, request.schema) : parseDecision(typed);
      if (answer === "why") {
        const reason = visible(await lines.question("Why? (Enter: no reason) ", { signal })).trim();
        return { decision: "reject", ...(reason !== "" && { reason }) };
      }
      if (answer !== undefined) return answer;
      prompt =
        request.kind === "question" ? "Please type an answer: " : "Please type y or n (or: n because …): ";
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    process.stdout.write("\n");
    return settled.aborted ? "settled" : "left";
  } finally {
    lines.close();
  }
}

function promptFor({ kind, schema }: InputRequest): string {
  if (kind !== "question") return "\nApprove? y = yes, n = no: ";
  return optionsOf(schema).length > 0 ? "\nYour answer (a number will do): " : "\nYour answer: ";
}

/** `y`, `n`, `n because it is wrong`; undefined for anything else: nothing is ever approved by accident. */
export function parseDecision(typed: string): Answer | "why" | undefined {
  if (/^(?:y|yes|a|approve)$/i.test(typed)) return { decision: "approve" };
  const [no, reason = ""] = /^(?:n|no|r|reject)(?:[\s,:]+(.*))?$/i.exec(typed) ?? [];
  if (no === undefined) return undefined;
  return reason === "" ? "why" : { decision: "reject", reason };
}

/** The text, the option that was chosen by number or word, or a JSON value where the schema wants more than text. */
export function parseAnswer(typed: string, schema: Json | undefined): Answer | undefined {
  if (typed === "") return undefined;
  const options = optionsOf(schema);
  const chosen =
    options.find((option) => optionText(option).toLowerCase() === typed.toLowerCase()) ??
    options[Number(typed) - 1];
  if (chosen !== undefined) return { decision: "answer", value: chosen };
  if (schema === undefined || options.length > 0) return { decision: "answer", value: typed };
  return { decision: "answer", value: asJson(typed) };
}

/** JSON where it is some, else the text itself. */
export function asJson(typed: string): Json {
  try {
    return jsonShape.parse(JSON.parse(typed));
  } catch {
    return typed;
  }
}
