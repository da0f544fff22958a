/** `read`: a text file, or some of its lines; an image as an image. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { defineTool } from "../tool.ts";
import { counted, linesOf } from "./file-text.ts";
import { imageParts, imageType } from "./image.ts";
import { openWorkspace } from "./workspace.ts";

const maximumLines = 2000;
const maximumCharacters = 50_000;
const maximumLineLength = 2000;

const parameters = z.strictObject({
  path: z.string().describe("The file, relative to the workspace, such as src/index.ts"),
  from: z.number().int().positive().optional().describe("The first line to read, counted from 1"),
  to: z.number().int().positive().optional().describe("The last line to read"),
});

/** Reads a file of any size up to a cap, and says where to read on; an image is shown, another binary file refused. */
export const readTool = defineTool({
  name: "read",
  description: `Reads a text file of the workspace, or shows an image (PNG, JPEG, GIF, WebP). At most ${maximumLines} lines at once; use from and to for others.`,
  parameters,
  effects: "none",
  async execute({ path, from = 1, to = Number.MAX_SAFE_INTEGER }, { workspace, signal }) {
    if (to < from) throw new OmniForgeError("INVALID_INPUT", `to (${to}) is before from (${from})`);
    const file = await (await openWorkspace(workspace)).openFile(path);
    try {
      const image = await imageType(file);
      if (image !== undefined) return await imageParts(file, path, image);
      const kept: string[] = [];
      let [number, characters] = [0, 0];
      for await (const line of linesOf(file, path, maximumLineLength, signal)) {
        number++;
        if (number < from) continue;
        if (number > to) break;
        characters += line.length + 1;
        if (kept.length === maximumLines || characters > maximumCharacters) {
          return `${kept.join("\n")}\n(lines ${from} to ${number - 1}; the file goes on: read it from line ${number})`;
        }
        kept.push(line);
      }
      if (number === 0) return `${path} is empty`;
      if (number < from) return `${path} has only ${counted(number, "line")}`;
      return kept.join("\n");
    } finally {
      await file.close();
    }
  },
});
