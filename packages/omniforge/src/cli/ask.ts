/** Asking the person at the terminal, in place. */
import type { Answer, InputRequest } from "../protocol/input.ts";
import { json as jsonShape, type Json } from "../protocol/json.ts";
import { editArguments } from "./edit-arguments.ts";
import { promptLine, type LineOptions } from "./prompt-line.ts";
import { optionsOf, optionText } from "./view/request-lines.ts";

/**
 * `left`: the person closed the input or pressed Ctrl-C; `settled`: somebody else answered meanwhile; `always`: this call,
 * and further ones of its tool in this task, are approved.
 */
export type Asked = Answer | "left" | "settled" | "always";

type Decided = Answer | "why" | "edit" | "always";

/** Puts a request that is already shown to the person; `say` tells them what is wrong with what they typed. */
export async function askOnTerminal(
  request: InputRequest,
  options: LineOptions,
  say: (text: string) => void,
): Promise<Asked> {
  for (let prompt = promptFor(request); ;) {
    const typed = await promptLine(prompt, options);
    if (typed.kind !== "line") return typed.kind;
    const text = typed.text.trim();
    const answer =
      request.kind === "question" ? parseAnswer(text, request.schema) : parseDecision(text, request);
    switch (answer) {
      case undefined:
        prompt = again(request);
        break;
      case "why": {
        const why = await promptLine("Why? (Enter: no reason) ", options);
        if (why.kind !== "line") return why.kind;
        const reason = why.text.trim();
        return { decision: "reject", ...(reason !== "" && { reason }) };
      }
      case "edit": {
        const edited = await editArguments(request.arguments ?? null, options);
        if (edited.kind === "arguments") return { decision: "approve", arguments: edited.value };
        if (edited.kind === "left" || edited.kind === "settled") return edited.kind;
        say(edited.kind === "wrong" ? edited.why : "Nothing was changed.");
        prompt = promptFor(request);
        break;
      }
      default:
        return answer;
    }
  }
}

function promptFor({ kind, schema }: InputRequest): string {
  if (kind === "approval") return "\nApprove? y = yes, n = no, e = edit, a = always in this task: ";
  if (kind === "limit") return "\nApprove? y = yes, n = no: ";
  return optionsOf(schema).length > 0 ? "\nYour answer (a number will do): " : "\nYour answer: ";
}

function again({ kind }: InputRequest): string {
  if (kind === "question") return "Please type an answer: ";
  return kind === "approval"
    ? "Please type y, n (or: n because …), e or a: "
    : "Please type y or n (or: n because …): ";
}

/** `y`, `n`, `n because it is wrong`; undefined for anything else: nothing is ever approved by accident. */
export function parseDecision(typed: string, { kind }: Pick<InputRequest, "kind">): Decided | undefined {
  if (/^(?:y|yes|approve)$/i.test(typed)) return { decision: "approve" };
  if (kind === "approval" && /^(?:e|edit)$/i.test(typed)) return "edit";
  if (kind === "approval" && /^(?:a|always)$/i.test(typed)) return "always";
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
