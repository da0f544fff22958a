/** `omniforge respond <id> [request]`: answers what a task waits for, whether its process runs or not. */
import type { Answer } from "../../protocol/input.ts";
import { json as jsonShape } from "../../protocol/json.ts";
import { asJson, parseAnswer } from "../ask.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { chooseRequest, findTask, openRequests } from "../find-task.ts";
import { openTasks, serverUrl } from "../open-tasks.ts";
import type { Place } from "../place.ts";
import { resumeLine } from "../see-through.ts";
import { shortId } from "../view/short-id.ts";
import { jsonLine } from "../view/visible.ts";
import type { OpenRequest } from "../view/view.ts";
import { resume } from "./resume.ts";

export interface RespondChoice extends Place {
  readonly approve?: boolean;
  /** The reason where one was given. */
  readonly reject?: boolean | string;
  readonly answer?: string;
  /** JSON that takes the place of the arguments. */
  readonly edit?: string;
  /** Go on at once, in this process. */
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Writes the answer durably. It counts from then on, whoever runs the task, and whenever. */
export async function respond(
  id: string,
  request: string | undefined,
  choice: RespondChoice,
): Promise<ExitCode> {
  checkDecision(choice);
  const { data } = choice;
  if (choice.resume === true && serverUrl(choice) !== undefined)
    throw new UsageError(
      "--resume goes on with a task in this process; behind a server it goes on by itself",
    );
  const opened = await openTasks(choice, id);
  try {
    const task = await findTask(opened.tasks, id);
    const chosen = chooseRequest(await openRequests(opened.tasks, task), task, request);
    await opened.tasks.respond(chosen.task, chosen.request.id, answerOf(choice, chosen));
    if (choice.resume === true) {
      await opened.close();
      return await resume(task.root, {
        work: true,
        ...(data !== undefined && { data }),
        ...(choice.json && { json: true }),
      });
    }
    const runs = task.engine === "temporal" ? undefined : await opened.isAnyoneWorking();
    const goOn = resumeLine(task.root, { ...choice, backend: task.engine });
    if (choice.json === true)
      process.stdout.write(
        `${jsonLine({ type: "accepted", ...chosen, goOn, ...(runs !== undefined && { runs }) })}\n`,
      );
    else
      process.stdout.write(`The answer is recorded in task ${shortId(task.root)}. ${whatNext(runs, goOn)}\n`);
    return exitCodes.done;
  } finally {
    await opened.close();
  }
}

/** Of Temporal's workers nothing is known here. */
export function whatNext(runs: boolean | undefined, goOn: string): string {
  if (runs === true) return "It goes on where it runs.";
  return runs === false
    ? `No process runs it; go on with\n  ${goOn}`
    : `It goes on where a worker runs; here, that is\n  ${goOn}`;
}

function checkDecision({ approve, reject, answer, edit }: RespondChoice): void {
  const given = [approve === true, reject !== undefined, answer !== undefined, edit !== undefined].filter(
    Boolean,
  );
  if (given.length !== 1)
    throw new UsageError("say one of --approve, --reject [reason], --answer <value> or --edit <json>");
  if (edit !== undefined && asJson(edit) === edit) throw new UsageError("--edit takes the arguments as JSON");
}

function answerOf({ approve, reject, answer, edit }: RespondChoice, { request }: OpenRequest): Answer {
  if (edit !== undefined) return { decision: "approve", arguments: jsonShape.parse(asJson(edit)) };
  if (approve === true) return { decision: "approve" };
  if (answer === undefined)
    return { decision: "reject", ...(typeof reject === "string" && { reason: reject }) };
  return parseAnswer(answer, request.schema) ?? { decision: "answer", value: answer };
}
