/** `omniforge show <id>`: a task with its steps, as it is now, and what it waits for. */
import { isTerminal } from "../../protocol/task.ts";
import { answerLines } from "../answer-lines.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { findTask, openRequests } from "../find-task.ts";
import { openTasks } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { resumeLine, viewOn } from "../see-through.ts";
import { openOutput } from "../view/output.ts";
import { shortId } from "../view/short-id.ts";
import type { TaskView } from "../view/view.ts";
import type { Tasks } from "../../tasks.ts";

export interface ShowChoice extends Place {
  readonly json?: boolean;
}

/** Shows what is in the log, and nothing that comes later. */
export async function show(id: string, choice: ShowChoice): Promise<ExitCode> {
  const { json } = choice;
  const { tasks, config, close } = await openTasks(choice);
  try {
    const task = await findTask(tasks, id);
    const view = viewOn(openOutput(process.stdout), {
      json,
      ...(config.modelFacts && { modelFacts: config.modelFacts }),
    });
    if (task.erased) view.note("What was said and done in this task was erased.");
    // An erased log still has its keys, for programs; for people there is nothing to read in it.
    if (!task.erased || json === true) await replay(tasks, task.task, view);
    if (isTerminal(task.state)) {
      view.ended(task);
      return exitCodes.done;
    }
    const open = await openRequests(tasks, task);
    const advice = {
      answers: answerLines(task, open, choice),
      goOn: resumeLine(task.task, { ...choice, backend: task.engine }),
    };
    if (open.length > 0) view.waiting(task, open, advice);
    else if (json === true) view.ended(task);
    else
      view.note(
        `\nTask ${shortId(task.task)} is ${task.state}. If no process runs it, go on with\n  ${advice.goOn}`,
      );
    return exitCodes.done;
  } finally {
    await close();
  }
}

/** A sub-agent's log follows the entry that opened it. */
async function replay(tasks: Tasks, task: string, view: TaskView): Promise<void> {
  for (const entry of await tasks.log(task)) {
    view.event({ type: "entry", task, entry });
    if (entry.kind === "child") await replay(tasks, entry.body.task, view);
  }
}
