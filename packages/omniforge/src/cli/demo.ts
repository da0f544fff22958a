/** The demo task of `npm start`: the unfinished one of this folder, or a new one after the last has ended. */
import { assistant } from "../agents/assistant.ts";
import type { OmniForge } from "../create-omniforge.ts";
import { createKeylessModel, keylessReference } from "../models/keyless/index.ts";
import { isKind } from "../protocol/entry.ts";
import { textOf } from "../protocol/message.ts";
import { isTerminal, type EngineName, type Task } from "../protocol/task.ts";
import type { ExitCode } from "./exit-code.ts";
import { startLine } from "./invocation.ts";
import { openForge } from "./open-forge.ts";
import { seeThrough } from "./see-through.ts";
import { placeWords } from "./place.ts";
import type { Output } from "./view/output.ts";
import type { Screen } from "./view/screen.ts";
import { shortId } from "./view/short-id.ts";

const request = "Find every TODO here and tell me which file has most";

export interface DemoChoice {
  readonly workspace: string;
  readonly backend?: EngineName;
  readonly data?: string;
  readonly started: number;
  readonly output: Output;
  readonly screen: Screen;
}

/** Runs the demo. Two processes that start it at once run one task, and both show it. */
export async function demo({
  workspace,
  backend,
  data,
  started,
  output,
  screen,
}: DemoChoice): Promise<ExitCode> {
  const opened = await openForge({
    data,
    backend,
    work: true,
    // Whatever keys there are: the demo says that it needs none.
    only: { reference: keylessReference, model: pacedModel() },
  });
  try {
    const engine = backend ?? "in-process";
    const last = await lastDemo(opened.forge, workspace, engine);
    const goesOn = last !== undefined && !isTerminal(last.state);
    const { task } = goesOn ? last : await submit(opened.forge, workspace, engine, last);
    const name = `task ${shortId(task)}`;
    screen.line([
      {
        text: goesOn ? `Continuing ${name}: what it had finished is reused.` : `A new ${name}.`,
        style: "cyan",
      },
    ]);
    screen.line();
    const words = [
      ...(workspace === process.cwd() ? [] : [workspace]),
      ...(backend === undefined ? [] : ["--backend", backend]),
      ...placeWords({ data }),
    ];
    const goOn = startLine(...words);
    return await seeThrough(opened, task, { data, backend, reusedBefore: started, goOn, output });
  } finally {
    await opened.close();
  }
}

/** The key makes two processes that start at the same moment submit the same task. */
function submit(
  forge: OmniForge,
  workspace: string,
  engine: EngineName,
  last: Task | undefined,
): Promise<Task> {
  const idempotencyKey = `demo of ${workspace} on ${engine} after ${last?.task ?? "none"}`;
  return forge.submit(assistant, request, { workspace, idempotencyKey });
}

/** The newest task with the demo's words on this folder. */
async function lastDemo(forge: OmniForge, workspace: string, engine: EngineName): Promise<Task | undefined> {
  for (const task of await forge.list({ agent: assistant.name, limit: 500 })) {
    if (task.parent !== undefined || task.engine !== engine) continue;
    const log = await forge.log(task.task, 0, 2);
    const isHere = log.some((entry) => isKind("created")(entry) && entry.body.workspace === workspace);
    const isDemo = log.some(
      (entry) => isKind("message")(entry) && textOf(entry.body.message.parts) === request,
    );
    if (isHere && isDemo) return task;
  }
  return undefined;
}

/** At a human pace, so that there is a middle to be killed in. OMNIFORGE_DEMO_PACE multiplies it; 0: at once. */
function pacedModel(): ReturnType<typeof createKeylessModel> {
  const given = Number(process.env["OMNIFORGE_DEMO_PACE"] ?? 1);
  const pace = Number.isFinite(given) && given >= 0 ? given : 1;
  return createKeylessModel({ latencyMs: 1500 * pace, deltaDelayMs: 90 * pace });
}
