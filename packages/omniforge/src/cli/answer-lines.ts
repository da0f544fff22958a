/** The commands that answer what a task waits for, exactly as they can be typed. */
import type { Task } from "../protocol/task.ts";
import { isListening } from "../agents/conversation.ts";
import { commandLine } from "./invocation.ts";
import { placeWords, type Place } from "./place.ts";
import { optionsOf, optionText } from "./view/request-lines.ts";
import { shortId } from "./view/short-id.ts";
import type { OpenRequest } from "./view/view.ts";

/** For each open request its commands; a request is named only where several are open. */
export function answerLines(task: Task, open: readonly OpenRequest[], place: Place): string[] {
  return open.flatMap((one) => {
    const name = [shortId(one.task), ...(open.length > 1 ? [one.request.id] : [])];
    const respond = (...words: string[]): string =>
      commandLine("respond", ...name, ...words, ...placeWords(place));
    if (isListening(one.request))
      return [commandLine("say", shortId(one.task), "your message", ...placeWords(place))];
    if (one.request.kind !== "question") return [respond("--approve"), respond("--reject", "why not")];
    const [option] = optionsOf(one.request.schema);
    return [respond("--answer", option === undefined ? "your answer" : optionText(option))];
  });
}
