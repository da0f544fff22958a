/** Whether a task, with its sub-agents, can go on only after a person has said something. */
import type { Call } from "../protocol/call.ts";
import type { Entry } from "../protocol/entry.ts";
import type { InputRequest } from "../protocol/input.ts";

export interface Progress {
  add(task: string, entry: Entry): void;
  /** Nothing runs; every open call waits for a person. Always false for a task of which nothing is known. */
  isBlocked(task: string): boolean;
}

interface Known {
  readonly open: Map<string, Call>;
  readonly requests: Map<string, InputRequest>;
  ending: boolean;
}

/** Follows the entries of a task and its sub-agents. */
export function createProgress(): Progress {
  const tasks = new Map<string, Known>();
  const knownOf = (task: string): Known => {
    const known = tasks.get(task) ?? {
      open: new Map<string, Call>(),
      requests: new Map<string, InputRequest>(),
      ending: false,
    };
    tasks.set(task, known);
    return known;
  };
  const isBlocked = (task: string): boolean => {
    const known = tasks.get(task);
    if (known === undefined || known.ending || known.open.size === 0) return false;
    const asked = new Set([...known.requests.values()].map(({ key }) => key));
    return [...known.open.values()].every(
      (call) => asked.has(call.key) || (call.child !== undefined && isBlocked(call.child)),
    );
  };
  return {
    isBlocked,
    add(task, entry) {
      const known = knownOf(task);
      if (entry.kind === "reply") for (const call of entry.body.calls) known.open.set(call.key, call);
      if (entry.kind === "result") known.open.delete(entry.key ?? "");
      if (entry.kind === "request") known.requests.set(entry.body.id, entry.body);
      if (entry.kind === "input") {
        const request = known.requests.get(entry.body.id);
        known.requests.delete(entry.body.id);
        // A limit's request has no result: its answer is its outcome.
        if (request?.kind === "limit") known.open.delete(request.key);
      }
      // A cancelled task goes on by itself: to its end.
      if (entry.kind === "cancel" || entry.kind === "ended") known.ending = true;
    },
  };
}
