/** Seeing a task through on this terminal: showing it, closing the OmniForge, and saying how to go on. */
import type { EngineName, Task } from "../protocol/task.ts";
import { answerLines } from "./answer-lines.ts";
import { attend } from "./attend.ts";
import { cancelTask } from "./cancel-task.ts";
import { codeOf, exitCodes, type ExitCode } from "./exit-code.ts";
import { hearTyped, type Hear } from "./hear.ts";
import { catchInterrupts } from "./interrupts.ts";
import { commandLine } from "./invocation.ts";
import type { OpenedTasks } from "./opened-tasks.ts";
import { placeWords, type Place } from "./place.ts";
import { createJsonView } from "./view/json-view.ts";
import { openOutput, type Output } from "./view/output.ts";
import { createScreen } from "./view/screen.ts";
import { shortId } from "./view/short-id.ts";
import { createTranscript, type TranscriptOptions } from "./view/transcript.ts";
import type { Advice, OpenRequest, TaskView } from "./view/view.ts";

export interface Sight extends Place {
  readonly json?: boolean | undefined;
  /** Approve without asking. */
  readonly yes?: boolean | undefined;
  readonly backend?: EngineName | undefined;
  /** What was recorded before this time is marked as reused. */
  readonly reusedBefore?: number;
  /** The command that goes on with a task; default `resume`. */
  readonly goOn?: string;
  readonly output?: Output;
  /** Says what a conversation goes on with, where nobody is at the terminal. */
  readonly hear?: Hear;
  /** A message that stands on the terminal already, because it was typed there. */
  readonly said?: string;
  /** The task runs elsewhere, or nowhere: Ctrl-C only leaves it. */
  readonly watches?: boolean;
}

/** Attends the task to its end, or to where it waits or was interrupted; then closes what was opened. */
export async function seeThrough(opened: OpenedTasks, task: string, sight: Sight): Promise<ExitCode> {
  const output = sight.output ?? openOutput(process.stdout);
  const view = viewOn(output, {
    ...sight,
    ...(opened.config.modelFacts && { modelFacts: opened.config.modelFacts }),
  });
  if (sight.said !== undefined) view.said(sight.said);
  const interrupts = catchInterrupts();
  const goOn = sight.goOn ?? resumeLine(task, sight);
  const advise = (waiting: Task, open: readonly OpenRequest[]): Advice => ({
    answers: answerLines(waiting, open, sight),
    goOn,
  });
  output.gone.addEventListener("abort", interrupts.stopNow, { once: true });
  try {
    const asks = sight.json !== true && output.live && process.stdin.isTTY;
    const hear = sight.hear ?? (asks ? hearTyped(interrupts) : undefined);
    const attended = await attend(opened.tasks, task, {
      view,
      interrupts,
      asks,
      approves: sight.yes === true,
      advise,
      ...(hear !== undefined && { hear }),
    });
    if (attended.kind !== "interrupted") return codeOf(attended.task.state);
    const detached = sight.watches === true ? await whatGoesOn(opened, attended.task, goOn) : undefined;
    const stopping = detached ?? "Stopping; a step that runs may finish first.";
    view.note(`\n${stopping} Ctrl-C again cancels the task.`);
    interrupts.cancel.addEventListener("abort", () => void opened.tasks.cancel(task).catch(() => undefined), {
      once: true,
    });
    await opened.close();
    await interrupts.secondChance();
    if (interrupts.cancel.aborted) return await cancelAfter(opened, task, view);
    if (detached === undefined) view.note(`Stopped. Nothing is lost; go on with\n  ${goOn}`);
    return output.gone.aborted ? exitCodes.done : exitCodes.interrupted;
  } finally {
    await opened.close();
    interrupts.release();
  }
}

/** Whether a task that was only looked at goes on. Of Temporal's workers nothing is known here. */
async function whatGoesOn(opened: OpenedTasks, { engine }: Task, goOn: string): Promise<string> {
  if (engine === "temporal") return "Detached; the task goes on where a worker runs.";
  if (await opened.isAnyoneWorking()) return "Detached; the task goes on where it runs.";
  return `Detached. No process runs the task; go on with\n  ${goOn}\n`;
}

/** The task may have been cancelled while it was being stopped; whether or not, it ends now. */
async function cancelAfter(opened: OpenedTasks, task: string, view: TaskView): Promise<ExitCode> {
  const client = await opened.reopen();
  try {
    view.ended(await cancelTask(client, task, "Ctrl-C"));
    return exitCodes.canceled;
  } finally {
    await client.close();
  }
}

/** What shows a task on this output. */
export function viewOn(
  output: Output,
  { json, ...options }: Pick<Sight, "json"> & TranscriptOptions,
): TaskView {
  if (json === true) return createJsonView(output.write, (text) => process.stderr.write(text));
  return createTranscript(createScreen(output), options);
}

/** The command that goes on with a task: behind a server, that is to watch it. */
export function resumeLine(task: string, sight: Place & Pick<Sight, "backend">): string {
  const { url, backend } = sight;
  if (url !== undefined) return commandLine("watch", shortId(task), ...placeWords(sight));
  const engine = backend === "temporal" ? ["--backend", "temporal"] : [];
  return commandLine("resume", shortId(task), ...engine, ...placeWords(sight));
}
