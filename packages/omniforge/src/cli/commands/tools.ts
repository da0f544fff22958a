/** `omniforge tools`: what the agents here can do, and what each tool promises about repetition and approval. */
import type { Agent } from "../../agents/define-agent.ts";
import type { ToolSpec } from "../../protocol/agent-spec.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { lookAround } from "../look-around.ts";
import { openOutput } from "../view/output.ts";
import { createScreen } from "../view/screen.ts";
import { showTable } from "../view/table.ts";
import { jsonLine } from "../view/visible.ts";

export interface ToolsChoice {
  readonly json?: boolean;
}

interface Found {
  readonly spec: ToolSpec;
  readonly agents: string[];
}

/** Lists each tool once, with the agents that have it. */
export async function tools({ json }: ToolsChoice): Promise<ExitCode> {
  const { agents } = await lookAround();
  const output = openOutput(process.stdout);
  const found = [...collect(agents).values()];
  if (json === true)
    for (const { spec, agents: names } of found)
      output.write(`${jsonLine({ type: "tool", tool: spec, agents: names })}\n`);
  else
    showTable(
      createScreen(output),
      ["TOOL", "EFFECTS", "APPROVAL", "AGENTS", "DESCRIPTION"],
      found.map(({ spec, agents: names }) => [
        spec.name,
        spec.effects,
        spec.runs === "question" ? "asks" : approvalWords[spec.approval],
        names.join(", "),
        spec.description,
      ]),
    );
  return exitCodes.done;
}

const approvalWords = { never: "never", always: "always", tool: "by rule" } as const;

function collect(agents: readonly Agent[], found = new Map<string, Found>()): Map<string, Found> {
  for (const { name, definition } of agents) {
    for (const { spec } of definition.tools ?? []) {
      const known = found.get(spec.name) ?? { spec, agents: [] };
      if (!known.agents.includes(name)) known.agents.push(name);
      found.set(spec.name, known);
    }
    collect(definition.agents ?? [], found);
  }
  return found;
}
