/**
 * Files and tool results as providers take them.
 *
 * Text files go as text, because few providers take them as files. Images and other files of a tool result stand in the
 * result where the API allows that, and in a user message after it where it does not (OpenAI's chat format: there the
 * package would send them as base64 text).
 */
import type { EntryOf } from "../protocol/entry.ts";
import { isTextType, textOf, type Part } from "../protocol/message.ts";
import type { ModelMessage, ModelToolOutput } from "./language-model.ts";

type FilePart = Extract<Part, { type: "file" }>;
type Result = EntryOf<"result"> | undefined;
export type FileContent = Extract<ModelMessage, { role: "user" }>["content"][number];

/** Whom a prompt is for. */
export interface Reader {
  /** The model's own name for its API (`LanguageModel.provider`): it decides where files of tool results may stand. */
  readonly provider: string;
  /** Whether images that tools return are shown to it: an API that takes none would refuse the whole call. */
  readonly images: boolean;
}

/** A file for a user message; one whose bytes are not in the log is only named. */
export function fileContent(part: FilePart): FileContent {
  const { data, mediaType, name } = part;
  if (data === undefined) return { type: "text", text: `[file ${named(part)}: too large to be shown here]` };
  if (isTextType(mediaType))
    return { type: "text", text: `[file ${named(part)}]\n${Buffer.from(data, "base64").toString("utf8")}` };
  return {
    type: "file",
    mediaType,
    data: { type: "data", data },
    ...(name !== undefined && { filename: name }),
  };
}

/** A call's outcome as the model is told of it. */
export function toolResult(entry: Result, reader: Reader): ModelToolOutput {
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
  const unseen = files.filter((part) => !isShown(part, reader));
  const shown = takesFiles(reader) ? files.filter((part) => isShown(part, reader)) : [];
  if (shown.length === 0) {
    const lines = files.map((part) =>
      unseen.includes(part)
        ? `[file ${named(part)}: this model is not known to see images]`
        : `[file ${named(part)}: in the message after this result]`,
    );
    return { type: "text", value: [text, ...lines].filter((line) => line !== "").join("\n") };
  }
  const value: Extract<ModelToolOutput, { type: "content" }>["value"] = shown.map((part) => {
    const content = fileContent(part);
    return content.type === "text" ? { type: "text", text: content.text } : content;
  });
  return { type: "content", value: text === "" ? value : [{ type: "text", text }, ...value] };
}

/** The files of a result that could not stand in it. */
export function toolResultFiles(tool: string, entry: Result, reader: Reader): FileContent[] {
  if (entry === undefined || entry.body.status !== "result" || takesFiles(reader)) return [];
  const files = entry.body.parts
    .filter((part) => part.type === "file")
    .filter((part) => isShown(part, reader))
    .map(fileContent);
  return files.length === 0 ? [] : [{ type: "text", text: `[files that ${tool} returned]` }, ...files];
}

function isShown({ mediaType }: FilePart, { images }: Reader): boolean {
  return images || !mediaType.startsWith("image/");
}

function takesFiles({ provider }: Reader): boolean {
  return /anthropic|google|openai\.responses/.test(provider);
}

function named({ name, mediaType }: FilePart): string {
  return name === undefined ? mediaType : `${name}, ${mediaType}`;
}
