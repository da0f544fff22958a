/** `bash`: a command in the workspace, by rules or with a person's approval, inside bubblewrap where that works. */
import { resolve } from "node:path";
import { z } from "zod";
import { OmniForgeError } from "../../../protocol/error.ts";
import { repairText } from "../../../protocol/json.ts";
import { defineTool, type Tool, type ToolContext, type ToolOutput } from "../../tool.ts";
import { codeOf } from "../file-failure.ts";
import { openWorkspace } from "../workspace.ts";
import { canonical } from "./command-line.ts";
import { environmentFor } from "./environment.ts";
import { compileRules, type ShellRules, type Verdict } from "./rules.ts";
import { runProcess, type ProcessResult } from "./run-process.ts";
import { availableWalls, wrapped, type Walls } from "./sandbox.ts";

export interface ShellToolOptions {
  readonly name?: string;
  /** Commands that run without asking, and commands that never run. Default none: a person approves each. */
  readonly rules?: ShellRules;
  /** `never`: what no rule forbids runs without asking. For machines that are nobody's. Default `rules`. */
  readonly approval?: "rules" | "never";
  /** `auto`: inside bubblewrap where it works, else unconfined. `required`: else not at all. `off`: unconfined. */
  readonly sandbox?: "auto" | "required" | "off";
  /** Whether sandboxed commands have a network. Unconfined ones always have. Default false. */
  readonly network?: boolean;
  /** Memory for the data of each process, in MiB. Default 4096. */
  readonly memoryMb?: number;
  /** Processes at once, inside the sandbox. Default 512. */
  readonly processes?: number;
  /** Longest run. Default two minutes. */
  readonly timeoutMs?: number;
  /** Between asking a command to stop and killing it. Default one second. */
  readonly killGraceMs?: number;
  /** Output that is kept, half from its beginning and half from its end. Default 8 MiB. */
  readonly maximumBytes?: number;
  /** Variables that commands are given, beside an allow-list without secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further paths that sandboxed commands may write to; the workspace's `.git` is one of them only if named here. */
  readonly writable?: readonly string[];
  /** Further paths that sandboxed commands can't read. */
  readonly hidden?: readonly string[];
}

/** Above this, the call's result is the end of the output and, apart, the whole of it. */
const shownCharacters = 30_000;
const endCharacters = 8_000;

type Parameters = z.infer<typeof parameters>;
const parameters = z.strictObject({
  command: z.string().min(1).describe("A bash command, run in the workspace's folder"),
  seconds: z.number().positive().optional().describe("Stop it after this time, when it should be quick"),
});

/**
 * A tool that runs commands.
 *
 * Whether bubblewrap works is found out when the tool's definition is first looked at. Throws INVALID_AGENT for wrong rules.
 */
export function createShellTool(options: ShellToolOptions = {}): Tool {
  const decide = compileRules(options.rules ?? {});
  let made: Tool | undefined;
  // Looking for bubblewrap starts a process, which somebody who only imports this shouldn't pay for.
  const tool = (): Tool => (made ??= define(options, decide));
  return {
    get spec() {
      return tool().spec;
    },
    needsApproval: (value) => tool().needsApproval(value),
    preview: async (value, context) => tool().preview?.(value, context),
    execute: (value, context) => tool().execute(value, context),
  };
}

/** A person approves each command; inside bubblewrap where it works. */
export const bashTool = createShellTool();

function define(options: ShellToolOptions, decide: (command: string) => Verdict): Tool {
  const { sandbox = "auto", approval = "rules", timeoutMs = 120_000, killGraceMs = 1_000 } = options;
  const walls = sandbox === "off" ? "none" : availableWalls();
  const confinement = describe(walls, options);
  return defineTool({
    name: options.name ?? "bash",
    description: `Runs a bash command in the workspace and shows what it writes. ${confinement} A command runs at most ${Math.ceil(timeoutMs / 1000)} seconds, without input, and what it leaves in the background ends with it.`,
    parameters,
    effects: "once",
    // The tool's own limit comes first: then its outcome is known.
    timeoutMs: timeoutMs + killGraceMs + 5_000,
    needsApproval: ({ command }) => approval === "rules" && decide(command).verdict === "ask",
    preview: async ({ command }) => {
      const verdict = decide(command);
      return `$ ${command}\n\n${confinement}${verdict.verdict === "ask" ? `\nA person decides, because ${verdict.why}.` : ""}`;
    },
    async execute(call, context) {
      const verdict = decide(call.command);
      if (verdict.verdict === "deny")
        throw new OmniForgeError("COMMAND_REFUSED", `the command was not run: ${verdict.why}`);
      // The rules may have changed since the call was planned.
      if (verdict.verdict === "ask" && approval === "rules" && context.approved !== true)
        throw new OmniForgeError(
          "COMMAND_REFUSED",
          `the command was not run: nobody approved it, and ${verdict.why}`,
        );
      if (walls === "none" && sandbox === "required")
        throw new OmniForgeError("COMMAND_REFUSED", "the command was not run: bubblewrap does not work here");
      const command = verdict.verdict === "allow" ? canonical(verdict.words) : call.command;
      return run(command, call, context, walls, options);
    },
  });
}

function describe(walls: Walls, { sandbox, network }: ShellToolOptions): string {
  if (walls !== "none")
    return `It runs inside bubblewrap: it can write to the workspace only (but not to its .git), and has ${network === true ? "the network of this machine" : "no network"}.`;
  if (sandbox === "required") return "It can't run here: it needs bubblewrap, which does not work.";
  return "It runs UNCONFINED, with all the rights of the user who started OmniForge, files and network included.";
}

async function run(
  command: string,
  { seconds }: Parameters,
  { workspace, signal, progress }: ToolContext,
  walls: Walls,
  options: ShellToolOptions,
): Promise<ToolOutput> {
  const { root } = await openWorkspace(workspace);
  const { timeoutMs = 120_000, killGraceMs = 1_000, maximumBytes = 8 * 1024 * 1024 } = options;
  const { network = false, writable = [], hidden = [], processes = 512, memoryMb = 4096 } = options;
  const started = performance.now();
  if (root === "/") throw new OmniForgeError("COMMAND_REFUSED", "the workspace is the whole file system");
  const plain = ["bash", "--noprofile", "--norc", "-c", command];
  // Outside of a sandbox the limit would count every process of the user.
  const counted = ["bash", "-c", `ulimit -u ${processes} 2>/dev/null; exec "$@"`, "bash", ...plain];
  const absolute = (some: readonly string[]): string[] => some.map((path) => resolve(root, path));
  const paths = { network, hidden: absolute(hidden), writable: absolute(writable) };
  try {
    const result = await runProcess({
      command: walls === "none" ? plain : wrapped(counted, walls, root, paths),
      folder: root,
      environment: environmentFor(root, { ...(walls !== "none" && privateFolders), ...options.environment }),
      memoryMb,
      timeoutMs: Math.min(timeoutMs, seconds === undefined ? timeoutMs : seconds * 1000),
      killGraceMs,
      maximumBytes,
      shielded: walls === "graceful",
      signal,
      progress: limited(progress),
    });
    return show(result, (performance.now() - started) / 1000);
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw new OmniForgeError("TOOL_FAILED", "bash is not installed here");
    throw error;
  }
}

/** Home is read-only in the sandbox, and caches are nobody's business there. */
const privateFolders = { TMPDIR: "/tmp", XDG_CACHE_HOME: "/tmp/cache", npm_config_cache: "/tmp/cache/npm" };

/** Followers see the beginning of what is written; the result has all of it. */
function limited(progress: (text: string) => void): (text: string) => void {
  let left = 200_000;
  return (text) => {
    if (left <= 0 || text === "") return;
    progress(text.slice(0, left));
    left -= text.length;
  };
}

function show({ output, code, endedBy, late }: ProcessResult, seconds: number): ToolOutput {
  const time = `${seconds.toFixed(1)} s`;
  const how = late
    ? `stopped after ${time}: its time was over`
    : endedBy === null
      ? `exit code ${code}, ${time}`
      : `ended by ${endedBy} after ${time}`;
  if (output.length <= shownCharacters)
    return `${output === "" ? "(no output)" : output.trimEnd()}\n(${how})`;
  const end = repairText(output.slice(-endCharacters)).replace(/^\uFFFD/, "");
  const status = `(${how}; ${output.length} characters of output, which end so:)\n${end}`;
  return {
    parts: [
      { type: "text", text: status },
      { type: "text", text: output },
    ],
  };
}
