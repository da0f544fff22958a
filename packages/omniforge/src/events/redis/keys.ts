/** What things are called in Redis, each with its tenant in it. */
import type { TaskReference } from "../../protocol/task.ts";

/** Hints go here: that streams or the log of a task have grown. */
export function channelOf(reference: TaskReference): string {
  return named("task", reference);
}

/** The set of a task's steps that have a stream. */
export function stepsOf(reference: TaskReference): string {
  return named("steps", reference);
}

/** What a step's attempts have said. */
export function streamOf(reference: TaskReference, step: string): string {
  return `${named("said", reference)}:${step}`;
}

function named(what: string, { tenant, task }: TaskReference): string {
  return `omniforge:${what}:${escaped(tenant)}:${escaped(task)}`;
}

/** So that no name can be mistaken for another one's parts. */
function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll(":", "%3A");
}
