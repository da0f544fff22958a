/**
 * `npm start`: a first look. An agent works on a real folder, without a key, at a pace at which it can be killed; started
 * again, it goes on where it stood.
 */
const started = Date.now();
import { realpathSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "../protocol/error.ts";
import { bearGoneReaders, conclude, UsageError, type ExitCode } from "./exit-code.ts";
import { folder as folderNamed } from "./folder.ts";
import { shownPath } from "./invocation.ts";
import { openOutput } from "./view/output.ts";
import { createScreen } from "./view/screen.ts";

const usage = "usage: npm start [-- [folder] [--backend in-process|temporal] [--data folder]]";

bearGoneReaders();
await conclude(async (): Promise<ExitCode> => {
  const { folder: typed, ...choice } = read();
  const output = openOutput(process.stdout);
  const screen = createScreen(output);
  const workspace = realpathSync(folderNamed(typed));
  screen.line([
    { text: "OmniForge", style: "bold" },
    " runs a demo on ",
    { text: shownPath(workspace), style: "bold" },
  ]);
  screen.line([{ text: "with its keyless model: rules, not an LLM. No key, no network.", style: "dim" }]);
  screen.line();
  screen.line(["Kill it whenever you like, from another terminal, and start it again:"]);
  screen.line([{ text: `  kill -9 ${process.pid}`, style: "yellow" }]);
  screen.line();
  const { demo } = await import("./demo.ts");
  return demo({ ...choice, workspace, started, output, screen });
});

function read(): { folder: string; backend?: "in-process" | "temporal"; data?: string } {
  const { values, positionals } = parse();
  const [folder = ".", ...others] = positionals;
  const { backend, data } = values;
  if (others.length > 0) throw new UsageError(`one folder at a time\n${usage}`);
  if (backend !== undefined && backend !== "in-process" && backend !== "temporal")
    throw new UsageError(`there is no engine ${backend}\n${usage}`);
  return { folder, ...(backend !== undefined && { backend }), ...(data !== undefined && { data }) };
}

function parse(): { values: { backend?: string; data?: string }; positionals: string[] } {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { backend: { type: "string" }, data: { type: "string" } },
    });
  } catch (thrown) {
    throw new UsageError(`${messageOf(thrown)}\n${usage}`);
  }
}
