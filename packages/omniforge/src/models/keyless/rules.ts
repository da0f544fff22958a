/**
 * The rules of the keyless model: from what was asked and done to the next reply.
 *
 * Invariants
 * 1. A reply calls only tools that were offered, and says which one is missing.
 * 2. A failed call is tried once more; a refused one, or one of unknown outcome, never.
 */
import { markerReport } from "./marker-report.ts";
import { missingTool, outcomeOf, type KeylessReply, type Rule, type Work } from "./reply.ts";

/** What the model is, can do, and how to have a real one instead. */
export const introduction = `I am OmniForge's keyless demo model: a set of rules, not an LLM. I need no key and no network, and I understand these requests:

- find every TODO here and tell me which file has most
- read <path>
- list <pattern>
- search <words>
- write <path>: <text>
- ask me <question>

For anything else, use a real model. Real models plug in as LanguageModelV4 instances, which AI SDK providers make: set the provider's key, pass \`models: { "my:model": model }\`, and name \`my:model\` in the agent.`;

/** The next reply. The latest request that a rule knows counts, else the introduction is the answer. */
export function decide(requests: readonly string[], work: Work): KeylessReply {
  for (const request of requests.toReversed()) {
    for (const rule of rules) {
      const reply = rule(request.trim(), work);
      if (reply !== undefined) return reply;
    }
  }
  return { text: introduction, calls: [] };
}

const rules: readonly Rule[] = [
  markerReport,
  (request, work) => {
    const [, path] =
      /^(?:please\s+)?(?:read|show|open|cat)\s+(?:me\s+)?(?:the\s+)?(?:file\s+)?["'`]?(\S+?)["'`]?[?!]*$/i.exec(
        request,
      ) ?? [];
    if (path === undefined || path === "file" || path === "files") return undefined;
    return one(work, {
      name: "read",
      key: "path",
      input: { path },
      doing: `I read ${path}.`,
      said: (text) => `This is ${path}:\n\n${text}`,
    });
  },
  (request, work) => {
    const [whole, given = ""] =
      /^(?:please\s+)?(?:list|glob|ls)(?:\s+(?:me\s+)?(?:all\s+|every\s+|the\s+)*["'`]?(\S+?)["'`]?)?[?!.]*$/i.exec(
        request,
      ) ?? [];
    if (whole === undefined) return undefined;
    const pattern =
      given === "" || /^files?$/i.test(given)
        ? "**/*"
        : /[*?{[.]/.test(given)
          ? given
          : `${given.replace(/\/$/, "")}/**`;
    return one(work, {
      name: "glob",
      key: "pattern",
      input: { pattern },
      doing: `I list ${pattern}.`,
      said: (text) => `These match ${pattern}:\n\n${text}`,
    });
  },
  (request, work) => {
    const [, pattern] =
      /^(?:please\s+)?(?:search|grep|find|look)(?:\s+for)?\s+(?:every\s+|all\s+|each\s+)?["'`]?(.+?)["'`]?(?:\s+(?:in\s+)?(?:here|(?:this|the|my)\s+(?:folder|project|repository|repo|code)))?[.!?]?$/is.exec(
        request,
      ) ?? [];
    if (pattern === undefined) return undefined;
    return one(work, {
      name: "grep",
      key: "pattern",
      input: { pattern },
      doing: `I search for ${pattern}.`,
      said: (text) => `This is what I found:\n\n${text}`,
    });
  },
  (request, work) => {
    const [, path, content] =
      /^(?:please\s+)?write\s+["'`]?([^\s"'`:]+)["'`]?\s*:\s*(.+)$/is.exec(request) ?? [];
    if (path === undefined || content === undefined) return undefined;
    const input = { path, content: content.endsWith("\n") ? content : `${content}\n` };
    return one(work, {
      name: "write",
      key: "path",
      input,
      doing: `I write ${path}, if you agree.`,
      said: (text) => `Done: ${text}.`,
    });
  },
  (request, work) => {
    const [, first, second] =
      /^(?:please\s+)?(?:ask\s+me|question)\b[\s:,]*([^:]*)(?::\s*(.+))?$/is.exec(request) ?? [];
    if (first === undefined) return undefined;
    const options = (second ?? "").split(/\s*,\s*|\s+or\s+/).filter((option) => option !== "");
    const question =
      first.trim() === "" ? "What would you like me to know?" : first.trim().replace(/[?.]*$/, "?");
    const input = options.length > 1 ? { question, options } : { question };
    return one(work, {
      name: "ask_human",
      key: "question",
      input,
      doing: "I have a question.",
      said: (text) => `You answered: ${text}`,
    });
  },
];

interface OneCall {
  readonly name: string;
  /** The member of the input by which an earlier call is recognised. */
  readonly key: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly doing: string;
  readonly said: (text: string) => string;
}

/** One tool call, and its result as the answer. */
function one(work: Work, { name, key, input, doing, said }: OneCall): KeylessReply {
  if (!work.offers(name)) return { text: missingTool(name), calls: [] };
  const found = outcomeOf(work, name, key, input[key]);
  if (found === undefined) return { text: doing, calls: [{ name, input }] };
  switch (found.outcome) {
    case "answered":
      return { text: said(found.text), calls: [] };
    case "refused":
      return { text: `I did not do it: ${found.text}.`, calls: [] };
    case "unknown":
      return { text: `I can't tell whether it was done, and don't try again: ${found.text}`, calls: [] };
    case "failed":
      return { text: `It failed: ${found.text}`, calls: [] };
  }
}
