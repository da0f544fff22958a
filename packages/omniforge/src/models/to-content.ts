/**
 * Files and tool results as providers take them.
 *
 * Text files go as text, because few providers take them as files. Images and other files of a tool result stand in the
 * result where the API allows that, and in a user message after it where it does not (OpenAI's chat format: there the
 * package would send them as base64 text).
 */
import type { EntryOf } from "../protocol/entry.ts";
import { textOf, type Part } from "../protocol/message.ts";
import type { ModelMessage, ModelToolOutput } from "./language-model.ts";

type FilePart = Extract<Part, { type: "file" }>;
type Result = EntryOf<"result"> | undefined;
export type FileContent = Extract<ModelMessage, { role: "user" }>["content"][number];

/** A file for a user message; one whose bytes are not in the log is only named. */
export function fileContent(part: FilePart): FileContent {
  const { data, mediaType, name } = part;
  if (data === undefined) return { type: "text", text: `[file ${named(part)}: too large to be shown here]` };
  if (isText(mediaType))
    return { type: "text", text: `[file ${named(part)}]\n${Buffer.from(data, "base64").toString("utf8")}` };
  return {
    type: "file",
    mediaType,
    data: { type: "data", data },
    ...(name !== undefined && { filename: name }),
  };
}

/** A call's outcome as the model is told of it. */
export function toolResult(entry: Result, provider: string): ModelToolOutput {
  if (entry === undefined)
    return { type: "error-text", value: "This call was interrupted; it has no result." };
  const { status, parts, error } = entry.body;
  const text =
    error === undefined
      ? textOf(parts)
      : [error.message, textOf(parts)].filter((line) => line !== "").join("\n");
  if (status === "refused") return { type: "execution-denied", reason: text };
  if (status !== "result") return { type: "error-text", value: text };
  const [only] = parts;
  if (parts.length === 1 && only?.type === "data") return { type: "json", value: only.value };
  const files = parts.filter((part) => part.type === "file");
  if (files.length === 0) return { type: "text", value: text };
  if (!takesFiles(provider)) {
    const names = files.map((part) => `[file ${named(part)}: in the message after this result]`);
    return { type: "text", value: [text, ...names].filter((line) => line !== "").join("\n") };
  }
  const value: Extract<ModelToolOutput, { type: "content" }>["value"] = files.map((part) => {
    const content = fileContent(part);
    return content.type === "text" ? { type: "text", text: content.text } : content;
  });
  return { type: "content", value: text === "" ? value : [{ type: "text", text }, ...value] };
}

/** The files of a result that could not stand in it. */
export function toolResultFiles(tool: string, entry: Result, provider: string): FileContent[] {
  if (entry === undefined || entry.body.status !== "result" || takesFiles(provider)) return [];
  const files = entry.body.parts.filter((part) => part.type === "file").map(fileContent);
  return files.length === 0 ? [] : [{ type: "text", text: `[files that ${tool} returned]` }, ...files];
}

function takesFiles(provider: string): boolean {
  return /anthropic|google|openai\.responses/.test(provider);
}

function isText(mediaType: string): boolean {
  return /^(text\/|application\/(json|xml|yaml|x-yaml|toml|javascript)\b)/.test(mediaType);
}

function named({ name, mediaType }: FilePart): string {
  return name === undefined ? mediaType : `${name}, ${mediaType}`;
}
