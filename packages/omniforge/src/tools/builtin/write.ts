/** `write`: a text file, made or replaced as a whole. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { defineTool } from "../tool.ts";
import { counted } from "./file-text.ts";
import { unifiedDiff } from "./line-diff.ts";
import { maximumTextBytes, readWhole, sayWhyNot } from "./whole-file.ts";
import { openWorkspace } from "./workspace.ts";

const parameters = z.strictObject({
  path: z
    .string()
    .describe("The file, relative to the workspace, such as notes/report.md; its folders are made"),
  content: z.string().describe("The whole text of the file"),
});

/** Replaces a file atomically, after a person has approved. Written again, the same content changes nothing. */
export const writeTool = defineTool({
  name: "write",
  description:
    "Writes a text file into the workspace, replacing what was there. A person approves each call.",
  parameters,
  effects: "idempotent",
  needsApproval: true,
  async preview({ path, content }, { workspace }) {
    return sayWhyNot("the file as it is can't be shown", async () => {
      const opened = await openWorkspace(workspace);
      if (!(await opened.exists(path))) return `${path} (a new file)\n${unifiedDiff("", content)}`;
      const difference = unifiedDiff(await readWhole(opened, path), content);
      return `${path}\n${difference === "" ? "(nothing changes)" : difference}`;
    });
  },
  async execute({ path, content }, { workspace, signal, idempotencyKey }) {
    const bytes = Buffer.byteLength(content);
    if (bytes > maximumTextBytes)
      throw new OmniForgeError(
        "INVALID_INPUT",
        `the content has ${bytes} bytes; at most ${maximumTextBytes} are written`,
      );
    signal.throwIfAborted();
    await (await openWorkspace(workspace)).replaceFile(path, content, { call: idempotencyKey });
    return `wrote ${counted(linesIn(content), "line")} to ${path}`;
  },
});

function linesIn(text: string): number {
  const ends = text.split("\n").length - 1;
  return text === "" || text.endsWith("\n") ? ends : ends + 1;
}
