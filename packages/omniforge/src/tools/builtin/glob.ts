/** `glob`: the files whose paths match a pattern. */
import { z } from "zod";
import { defineTool } from "../tool.ts";
import { counted } from "./file-text.ts";
import { globPattern } from "./glob-pattern.ts";
import { cutNote, walk } from "./walk.ts";
import { openWorkspace } from "./workspace.ts";

const maximumPaths = 500;

const parameters = z.strictObject({
  pattern: z.string().min(1).describe("Such as **/*.ts or src/{a,b}/*.md, relative to the workspace"),
});

/** Lists paths in order, one a line, and says how many there are when not all are shown. */
export const globTool = defineTool({
  name: "glob",
  description:
    "Lists the files of the workspace that match a pattern. Ignored files, .git and node_modules are left out.",
  parameters,
  effects: "none",
  async execute({ pattern }, { workspace, signal }) {
    const matches = globPattern(pattern);
    const shown: string[] = [];
    let [found, cut] = [0, false];
    for await (const path of walk(await openWorkspace(workspace), signal, () => (cut = true))) {
      if (!matches(path)) continue;
      found++;
      if (found <= maximumPaths) shown.push(path);
    }
    if (found === 0) shown.push(`no file matches ${pattern}`);
    if (found > maximumPaths)
      shown.push(`(the first ${maximumPaths} of ${counted(found, "file")}; narrow the pattern)`);
    if (cut) shown.push(cutNote);
    return shown.join("\n");
  },
});
