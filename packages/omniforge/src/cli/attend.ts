/**
 * Attending a task: showing it until it ends or only a person can help, asking that person where one is there, and
 * stopping when they press Ctrl-C.
 *
 * Does not own: opening and closing; after `interrupted` the caller closes it, and that is the stop.
 */
import { OmniForgeError } from "../protocol/error.ts";
import type { Entry } from "../protocol/entry.ts";
import type { Answer } from "../protocol/input.ts";
import { isTerminal, type Task } from "../protocol/task.ts";
import type { Tasks } from "../tasks.ts";
import { askOnTerminal } from "./ask.ts";
import { isListening } from "../agents/conversation.ts";
import { newMessageId } from "./conversation.ts";
import { openRequests } from "./find-task.ts";
import type { Hear } from "./hear.ts";
import type { Interrupts } from "./interrupts.ts";
import { createProgress } from "./progress.ts";
import { shortId } from "./view/short-id.ts";
import type { Advice, OpenRequest, TaskView } from "./view/view.ts";

export interface Attendance {
  readonly view: TaskView;
  readonly interrupts: Interrupts;
  /** Somebody is there to be asked. */
  readonly asks: boolean;
  /** Approvals are given without asking. */
  readonly approves: boolean;
  /** Says what a conversation goes on with; none: nobody is there to talk. */
  readonly hear?: Hear;
  readonly advise: (task: Task, open: readonly OpenRequest[]) => Advice;
}

/** What is known while a task is attended. */
interface Attending extends Attendance {
  /** Requests that nobody here answers. */
  readonly left: Set<string>;
  /** Tools that the person has approved for the rest of a task, by task and name. */
  readonly always: Set<string>;
  /** Messages that no model step has taken, by task and id. */
  readonly untaken: Set<string>;
}

/** `waiting`: only a person can help; `interrupted`: the person at the terminal wants to stop. */
export type Attended = { readonly kind: "ended" | "waiting" | "interrupted"; readonly task: Task };

/** Shows a task from its beginning. */
export async function attend(tasks: Tasks, root: string, attendance: Attendance): Promise<Attended> {
  const { view, interrupts } = attendance;
  const progress = createProgress();
  const left = new Set<string>();
  const attending: Attending = { ...attendance, left, always: new Set(), untaken: new Set() };
  let waiting = false;
  for await (const event of tasks.follow(root, { descendants: true, signal: interrupts.stop })) {
    view.event(event);
    if (event.type !== "entry") continue;
    progress.add(event.task, event.entry);
    noteMessages(attending.untaken, event.task, event.entry);
    if (event.entry.kind === "request") {
      const open = { task: event.task, request: event.entry.body };
      if (await isOpen(tasks, open)) {
        if (isListening(open.request)) await converse(tasks, open, event.entry.seq, attending);
        else await answer(tasks, open, attending);
      }
      if (interrupts.stop.aborted) break;
    }
    // What is in the log already may settle what an earlier entry asked for.
    waiting =
      left.size > 0 && progress.isBlocked(root) && event.entry.seq >= (await tasks.get(event.task)).headSeq;
    if (waiting) break;
  }
  const task = await tasks.get(root);
  if (isTerminal(task.state)) {
    view.ended(task);
    return { kind: "ended", task };
  }
  if (!waiting) return { kind: "interrupted", task };
  const open = await openRequests(tasks, task);
  view.waiting(task, open, attendance.advise(task, open));
  return { kind: "waiting", task };
}

async function answer(tasks: Tasks, open: OpenRequest, attending: Attending): Promise<void> {
  const { view, asks, approves, interrupts, left, always } = attending;
  const { kind, tool = "" } = open.request;
  const give = (answered: Answer): Promise<boolean> => respond(tasks, open, answered, view);
  if (approves && kind === "approval") return void (await give({ decision: "approve" }));
  if (!asks) return void left.add(nameOf(open));
  view.request(open);
  const standing = `${open.task} ${tool}`;
  if (kind === "approval" && always.has(standing)) return void (await give({ decision: "approve" }));
  for (;;) {
    const watch = watchFor(tasks, open);
    try {
      const asked = await askOnTerminal(open.request, { interrupts, settled: watch.settled }, (text) =>
        view.note(text),
      );
      if (asked === "settled") return view.note("Somebody else has answered this.");
      if (asked === "left") return void left.add(nameOf(open));
      if (asked === "always") {
        always.add(standing);
        view.note(`From now on ${tool} is approved in this task without asking, while this command runs.`);
      }
      if (await give(asked === "always" ? { decision: "approve" } : asked)) return;
    } finally {
      watch.end();
    }
  }
}

/** A conversation that waits goes on with what was said already, or else with what is said now. */
async function converse(
  tasks: Tasks,
  open: OpenRequest,
  seq: number,
  { hear, left, untaken, view }: Attending,
): Promise<void> {
  const { task } = open;
  const since = (await tasks.log(task, seq)).some(({ kind }) => kind === "message");
  // It hears that by itself.
  if (since || [...untaken].some((one) => one.startsWith(`${task} `))) return;
  if (hear === undefined) return void left.add(nameOf(open));
  const watch = watchFor(tasks, open);
  try {
    const heard = await hear(watch.settled);
    if (heard.kind === "left") left.add(nameOf(open));
    if (heard.kind === "end") await respond(tasks, open, { decision: "reject" }, view);
    if (heard.kind !== "said") return;
    const id = newMessageId();
    if (heard.typed) view.said(id);
    await tasks.say(task, heard.text, id);
  } finally {
    watch.end();
  }
}

function noteMessages(untaken: Set<string>, task: string, one: Entry): void {
  if (one.kind === "message") untaken.add(`${task} ${one.body.id}`);
  if (one.kind === "reply") for (const id of one.body.took) untaken.delete(`${task} ${id}`);
}

/** False when the answer does not fit and the person may try again. */
async function respond(
  tasks: Tasks,
  { task, request }: OpenRequest,
  given: Answer,
  view: TaskView,
): Promise<boolean> {
  try {
    await tasks.respond(task, request.id, given);
    return true;
  } catch (thrown) {
    if (!OmniForgeError.is(thrown)) throw thrown;
    view.note(thrown.message);
    return thrown.code !== "INVALID_INPUT";
  }
}

async function isOpen(tasks: Tasks, { task, request }: OpenRequest): Promise<boolean> {
  const { pending } = await tasks.get(task);
  return pending.some(({ id }) => id === request.id);
}

/** Notices that a request was answered from elsewhere, or that its task has ended. */
function watchFor(tasks: Tasks, open: OpenRequest): { readonly settled: AbortSignal; end(): void } {
  const settled = new AbortController();
  const timer = setInterval(() => {
    isOpen(tasks, open).then(
      (still) => still || settled.abort(),
      // The store is being closed: whoever closes it ends the prompt.
      () => undefined,
    );
  }, 250);
  return { settled: settled.signal, end: () => clearInterval(timer) };
}

function nameOf({ task, request }: OpenRequest): string {
  return `${shortId(task)} ${request.id}`;
}
