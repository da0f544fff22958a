/** `omniforge run "text"`: gives an agent a task, and shows it to its end. */
import type { OmniForgeClient } from "../../client/index.ts";
import type { SubmitOptions } from "../../create-omniforge.ts";
import type { EngineName } from "../../protocol/task.ts";
import { checkModel, modelLines, modelOf, withModel } from "../choose-model.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { folder } from "../folder.ts";
import { agentNamed, openForge, type Opened } from "../open-forge.ts";
import { behind, clientOf, serverUrl } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { resumeLine, seeThrough } from "../see-through.ts";
import { jsonLine } from "../view/visible.ts";

export interface RunChoice extends Place {
  readonly agent?: string;
  readonly model?: string;
  readonly workspace?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly work: boolean;
  readonly maxCost?: number;
}

/** Without `work` the task is left to other processes; it is shown where one of them can be seen to live. */
export async function run(text: string, choice: RunChoice): Promise<ExitCode> {
  if (text.trim() === "") throw new UsageError("the task is empty: say what the agent is to do");
  const url = serverUrl(choice);
  if (url !== undefined) return runBehind(url, text, choice);
  const typed = choice.workspace === undefined ? undefined : folder(choice.workspace);
  const opened = await openForge({ ...choice, creates: true });
  try {
    const agent = agentNamed(opened, choice.agent);
    if (choice.work) checkModel(modelOf(agent, opened.model), opened.forge.models);
    const workspace = typed ?? workspaceOf(opened);
    const engine = opened.forge.backend.name;
    const { task } = await opened.forge.submit(withModel(agent, opened.model), text, {
      workspace,
      ...orderedLimits(choice),
    });
    if (choice.json !== true)
      process.stdout.write(`${modelLines(agent, opened.model, opened.discovery).join("\n")}\n\n`);
    const alone = !choice.work && engine !== "temporal" && !(await opened.isAnyoneWorking());
    if (!alone) return await seeThrough(opened, task, { ...choice, backend: engine });
    const goOn = resumeLine(task, choice);
    process.stdout.write(
      choice.json === true
        ? `${jsonLine({ type: "task", task: await opened.tasks.get(task), waiting: [], goOn })}\n`
        : `${task}\nNo process runs tasks here. Start one with\n  ${goOn}\n`,
    );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}

/** Gives the task to a server, by the agent's name. What it is done with is the server's affair. */
async function runBehind(url: string, text: string, choice: RunChoice): Promise<ExitCode> {
  const client = clientOf(url);
  const agent = await agentBehind(url, client, choice);
  const { task } = await client.submit(agent, text, orderedLimits(choice));
  return seeThrough(await behind(client), task, { ...choice, watches: true });
}

/** The agent of a server that is meant, by its name: the server's first where none is. Throws UsageError. */
export async function agentBehind(
  url: string,
  client: OmniForgeClient,
  { agent, model, workspace, backend, work = true }: Partial<RunChoice>,
): Promise<string> {
  if (model !== undefined || workspace !== undefined || backend !== undefined || !work)
    throw new UsageError(
      "--model, --workspace, --backend and --no-work are the server's to say, not this command's",
    );
  const found = agent ?? (await client.agents()).find((one) => one.default)?.name;
  if (found === undefined) throw new UsageError(`the server at ${url} has no agent`);
  return found;
}

/** What the command line says of limits; its agent's stand where it says nothing. */
export function orderedLimits({ maxCost }: Pick<RunChoice, "maxCost">): Pick<SubmitOptions, "limits"> {
  return maxCost === undefined ? {} : { limits: { costUsd: maxCost } };
}

/** The config file's folder, else the one that the command was typed in. */
export function workspaceOf({ config }: Pick<Opened, "config">): string {
  return config.workspace === undefined ? folder(".") : folder(config.workspace);
}
