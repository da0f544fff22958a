/** `omniforge chat`: a conversation, which is one task that waits for the next message. */
import { conversational, firstMessageId } from "../../agents/conversation.ts";
import type { EngineName, Task } from "../../protocol/task.ts";
import { isTerminal } from "../../protocol/task.ts";
import { checkModel, modelLines, modelOf, withModel } from "../choose-model.ts";
import { isConversation, lastConversation } from "../conversation.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { findTask } from "../find-task.ts";
import { folder } from "../folder.ts";
import { hearLines, hearTyped, type Hear } from "../hear.ts";
import { catchInterrupts } from "../interrupts.ts";
import { commandLine } from "../invocation.ts";
import { agentNamed, openForge, type Opened } from "../open-forge.ts";
import { placeWords } from "../place.ts";
import { seeThrough } from "../see-through.ts";
import { openOutput } from "../view/output.ts";
import { shortId } from "../view/short-id.ts";
import { orderedLimits, workspaceOf } from "./run.ts";

export interface ChatChoice {
  readonly agent?: string;
  readonly model?: string;
  readonly workspace?: string;
  /** Begin another one, whatever was left open. */
  readonly new?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly data?: string;
  readonly maxCost?: number;
}

/** Goes on with the conversation that was left open on this folder, or begins one. */
export async function chat(id: string | undefined, choice: ChatChoice): Promise<ExitCode> {
  const typed = choice.workspace === undefined ? undefined : folder(choice.workspace);
  const opened = await openForge({ ...choice, work: true });
  try {
    const output = openOutput(process.stdout);
    const piped = !(output.live && process.stdin.isTTY);
    const hear = piped ? hearLines(process.stdin) : undefined;
    const workspace = typed ?? workspaceOf(opened);
    const left = await chosen(opened, id, workspace, choice);
    const say = (text: string): void => (choice.json === true ? undefined : output.write(`${text}\n`));
    if (left === undefined) {
      const agent = agentNamed(opened, choice.agent);
      say(modelLines(agent, opened.model, opened.discovery).join("\n"));
      checkModel(modelOf(agent, opened.model), opened.forge.models);
    } else
      say(`Going on with conversation ${shortId(left.task)}. Another one: ${commandLine("chat", "--new")}`);
    say("/exit leaves it open, /end ends it.");
    const task = left ?? (await begin(opened, workspace, choice, hear));
    if (task === undefined) return exitCodes.done;
    const goOn = commandLine("chat", shortId(task.task), ...placeWords({ data: choice.data }));
    const sight = { ...choice, backend: opened.forge.backend.name, goOn, output };
    return await seeThrough(opened, task.task, {
      ...sight,
      ...(hear !== undefined && { hear }),
      ...(left === undefined && !piped && { said: firstMessageId }),
    });
  } finally {
    await opened.close();
  }
}

/** The one that is named, else the newest that this agent left open here. */
async function chosen(
  opened: Opened,
  id: string | undefined,
  workspace: string,
  choice: ChatChoice,
): Promise<Task | undefined> {
  const { forge } = opened;
  if (id === undefined)
    return choice.new === true
      ? undefined
      : lastConversation(forge, agentNamed(opened, choice.agent).name, workspace);
  const task = await findTask(forge, id);
  if (isTerminal(task.state)) throw new UsageError(`conversation ${shortId(task.task)} has ended`);
  if (await isConversation(forge, task)) return task;
  throw new UsageError(
    `task ${shortId(task.task)} is no conversation; to say something to it: ${commandLine("say", shortId(task.task), "…")}`,
  );
}

/** The first thing that is said begins the task; nothing said, nothing begun. */
async function begin(
  { forge, agents, model }: Opened,
  workspace: string,
  choice: ChatChoice,
  piped: Hear | undefined,
): Promise<Task | undefined> {
  const interrupts = catchInterrupts();
  try {
    const heard = await (piped ?? hearTyped(interrupts))(new AbortController().signal);
    if (heard.kind !== "said") return undefined;
    const agent = withModel(agentNamed({ agents }, choice.agent), model);
    const options = { workspace, messageId: firstMessageId, ...orderedLimits(choice) };
    return await forge.submit(conversational(agent, model.reference), heard.text, options);
  } finally {
    interrupts.release();
  }
}
