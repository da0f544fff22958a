/** `edit`: one passage of a text file, replaced by another. */
import { z } from "zod";
import { defineTool } from "../tool.ts";
import { counted } from "./file-text.ts";
import { unifiedDiff } from "./line-diff.ts";
import { replaceText } from "./replace-text.ts";
import { openWorkspace } from "./workspace.ts";
import { changeWhole, readWhole, sayWhyNot } from "./whole-file.ts";

const parameters = z.strictObject({
  path: z.string().describe("The file, relative to the workspace, such as src/index.ts"),
  old: z.string().min(1).describe("The text to replace, exactly as it stands in the file"),
  new: z.string().describe("The text to put in its place"),
  all: z.boolean().optional().describe("Replace every occurrence; without it there must be exactly one"),
});

/**
 * Replaces a passage that is there exactly once, atomically, after a person has approved its diff.
 *
 * `once`: an edit whose outcome was lost is not made again, because its new text may contain the old one.
 */
export const editTool = defineTool({
  name: "edit",
  description:
    "Replaces a passage of a text file in the workspace. The old text must match exactly, and only once unless all is set. A person approves each call.",
  parameters,
  effects: "once",
  needsApproval: true,
  async preview({ path, ...wanted }, { workspace }) {
    return sayWhyNot("this edit would fail", async () => {
      const before = await readWhole(await openWorkspace(workspace), path);
      return `${path}\n${unifiedDiff(before, replaceText(before, wanted, path).text)}`;
    });
  },
  async execute({ path, ...wanted }, { workspace, signal, idempotencyKey }) {
    const { count, line } = await changeWhole(
      await openWorkspace(workspace),
      path,
      (text) => replaceText(text, wanted, path),
      { signal, call: idempotencyKey },
    );
    return `replaced ${counted(count, "passage")} in ${path}, ${count === 1 ? "in" : "the first in"} line ${line}`;
  },
});
