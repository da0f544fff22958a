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
import { agentNamed, openForge } from "../open-forge.ts";
import { behind, clientOf, serverUrl } from "../open-tasks.ts";
import type { OpenedTasks } from "../opened-tasks.ts";
import { placeWords, type Place } from "../place.ts";
import { seeThrough, type Sight } from "../see-through.ts";
import { openOutput } from "../view/output.ts";
import { shortId } from "../view/short-id.ts";
import { agentBehind, orderedLimits, workspaceOf } from "./run.ts";

export interface ChatChoice extends Place {
  readonly agent?: string;
  readonly model?: string;
  readonly workspace?: string;
  /** Begin another one, whatever was left open. */
  readonly new?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly backend?: EngineName;
  readonly maxCost?: number;
}

/** Where conversations are held: what differs between a data directory and a server. */
interface Held {
  readonly opened: OpenedTasks;
  /** The one that was left open, and is gone on with where none is named. */
  readonly left: () => Promise<Task | undefined>;
  /** Says, before another one begins, who is talked with. Throws where it can't begin. */
  readonly welcome: (say: (text: string) => void) => void;
  /** The first thing that is said begins it. */
  readonly begin: (text: string) => Promise<Task>;
  readonly sight: Pick<Sight, "backend" | "watches">;
}

/** Goes on with the conversation that was left open on this folder, or begins one; behind a server, goes on with a named one. */
export async function chat(id: string | undefined, choice: ChatChoice): Promise<ExitCode> {
  const url = serverUrl(choice);
  const held = url === undefined ? await here(choice) : await there(url, choice);
  const { opened, sight } = held;
  try {
    const output = openOutput(process.stdout);
    const piped = !(output.live && process.stdin.isTTY);
    const hear = piped ? hearLines(process.stdin) : undefined;
    const left = id === undefined ? await leftOpen(held, choice) : await named(opened, id);
    const say = (text: string): void => (choice.json === true ? undefined : output.write(`${text}\n`));
    const another = commandLine("chat", "--new", ...placeWords(choice));
    if (left === undefined) held.welcome(say);
    else say(`Going on with conversation ${shortId(left.task)}. Another one: ${another}`);
    say("/exit leaves it open, /end ends it.");
    const task = left ?? (await begin(held, hear));
    if (task === undefined) return exitCodes.done;
    return await seeThrough(opened, task.task, {
      ...choice,
      ...sight,
      goOn: commandLine("chat", shortId(task.task), ...placeWords(choice)),
      output,
      ...(hear !== undefined && { hear }),
      ...(left === undefined && !piped && { said: firstMessageId }),
    });
  } finally {
    await opened.close();
  }
}

/** In a data directory, whose tasks this process executes meanwhile. */
async function here(choice: ChatChoice): Promise<Held> {
  const typed = choice.workspace === undefined ? undefined : folder(choice.workspace);
  const opened = await openForge({ ...choice, work: true });
  const { forge, model, discovery } = opened;
  const workspace = typed ?? workspaceOf(opened);
  return {
    opened,
    left: () => lastConversation(forge, agentNamed(opened, choice.agent).name, workspace),
    welcome(say) {
      const agent = agentNamed(opened, choice.agent);
      say(modelLines(agent, model, discovery).join("\n"));
      checkModel(modelOf(agent, model), forge.models);
    },
    begin(text) {
      const agent = withModel(agentNamed(opened, choice.agent), model);
      const options = { workspace, messageId: firstMessageId, ...orderedLimits(choice) };
      return forge.submit(conversational(agent, model.reference), text, options);
    },
    sight: { backend: forge.backend.name },
  };
}

/** Behind a server, where others talk, too: none but a named one is gone on with. */
async function there(url: string, choice: ChatChoice): Promise<Held> {
  const client = clientOf(url);
  const agent = await agentBehind(url, client, choice);
  return {
    opened: await behind(client),
    left: () => Promise.resolve(undefined),
    welcome: (say) => say(`You talk with ${agent} at ${url}.`),
    begin: (text) => client.converse(agent, text, orderedLimits(choice)),
    sight: { watches: true },
  };
}

async function leftOpen(held: Held, choice: ChatChoice): Promise<Task | undefined> {
  return choice.new === true ? undefined : held.left();
}

async function named({ tasks }: OpenedTasks, id: string): Promise<Task> {
  const task = await findTask(tasks, id);
  if (isTerminal(task.state)) throw new UsageError(`conversation ${shortId(task.task)} has ended`);
  if (await isConversation(tasks, task)) return task;
  throw new UsageError(
    `task ${shortId(task.task)} is no conversation; to say something to it: ${commandLine("say", shortId(task.task), "…")}`,
  );
}

/** The first thing that is said begins the task; nothing said, nothing begun. */
async function begin(held: Held, piped: Hear | undefined): Promise<Task | undefined> {
  const interrupts = catchInterrupts();
  try {
    const heard = await (piped ?? hearTyped(interrupts))(new AbortController().signal);
    return heard.kind === "said" ? await held.begin(heard.text) : undefined;
  } finally {
    interrupts.release();
  }
}
