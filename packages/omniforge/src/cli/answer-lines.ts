/** The commands that answer what a task waits for, exactly as they can be typed. */
import type { Task } from "../protocol/task.ts";
import { defaultData } from "./open-forge.ts";
import { isListening } from "./conversation.ts";
import { commandLine } from "./invocation.ts";
import { optionsOf, optionText } from "./view/request-lines.ts";
import { shortId } from "./view/short-id.ts";
import type { OpenRequest } from "./view/view.ts";

/** Options that a printed command needs to find the same data. */
export function dataWords(data: string | undefined): string[] {
  return data === undefined || data === defaultData ? [] : ["--data", data];
}

/** For each open request its commands; a request is named only where several are open. */
export function answerLines(task: Task, open: readonly OpenRequest[], data: string | undefined): string[] {
  return open.flatMap((one) => {
    const name = [shortId(one.task), ...(open.length > 1 ? [one.request.id] : [])];
    const respond = (...words: string[]): string =>
      commandLine("respond", ...name, ...words, ...dataWords(data));
    if (isListening(one.request))
      return [commandLine("say", shortId(one.task), "your message", ...dataWords(data))];
    if (one.request.kind !== "question") return [respond("--approve"), respond("--reject", "why not")];
    const [option] = optionsOf(one.request.schema);
    return [respond("--answer", option === undefined ? "your answer" : optionText(option))];
  });
}
