/** `omniforge agents`: what a task can be given to here; the first is who gets it where none is named. */
import { modelOf } from "../choose-model.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { lookAround } from "../look-around.ts";
import { openOutput } from "../view/output.ts";
import { createScreen } from "../view/screen.ts";
import { showTable } from "../view/table.ts";
import { jsonLine } from "../view/visible.ts";

export interface AgentsChoice {
  readonly json?: boolean;
}

/** Lists the agents of the config file, and ours. */
export async function agents({ json }: AgentsChoice): Promise<ExitCode> {
  const around = await lookAround();
  const output = openOutput(process.stdout);
  const found = around.agents.map((agent) => {
    const { name, definition } = agent;
    const { description = "", tools = [], agents: others = [] } = definition;
    return {
      name,
      description,
      model: modelOf(agent, around.model),
      tools: tools.map(({ spec }) => spec.name),
      agents: others.map((one) => one.name),
    };
  });
  if (json === true) for (const agent of found) output.write(`${jsonLine({ type: "agent", agent })}\n`);
  else
    showTable(
      createScreen(output),
      ["AGENT", "MODEL", "TOOLS", "AGENTS", "DESCRIPTION"],
      found.map(({ name, model, tools, agents: others, description }) => [
        name,
        model,
        String(tools.length),
        String(others.length),
        description,
      ]),
    );
  return exitCodes.done;
}
