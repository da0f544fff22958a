/** `omniforge run "text"`: gives an agent a task, and shows it to its end. */
import type { Agent } from "../../agents/define-agent.ts";
import type { EngineName } from "../../protocol/task.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { folder } from "../folder.ts";
import { agents, openForge } from "../open-forge.ts";
import { resumeLine, seeThrough } from "../see-through.ts";

export interface RunChoice {
  readonly agent: string;
  readonly workspace?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly work: boolean;
  readonly data?: string;
}

/** Without `work` the task is left to other processes; it is shown where one of them can be seen to live. */
export async function run(text: string, choice: RunChoice): Promise<ExitCode> {
  const agent = agentNamed(choice.agent);
  if (text.trim() === "") throw new UsageError("the task is empty: say what the agent is to do");
  const workspace = folder(choice.workspace ?? ".");
  const opened = await openForge(choice);
  try {
    const { task } = await opened.forge.submit(agent, text, { workspace });
    const alone = !choice.work && choice.backend !== "temporal" && !(await opened.isAnyoneWorking());
    if (!alone) return await seeThrough(opened, task, choice);
    process.stdout.write(
      `${task}\nNo process runs tasks here. Start one with\n  ${resumeLine(task, choice)}\n`,
    );
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}

function agentNamed(name: string): Agent {
  const agent = agents.find((one) => one.name === name);
  if (agent !== undefined) return agent;
  throw new UsageError(`there is no agent ${name}; there is: ${agents.map((one) => one.name).join(", ")}`);
}
