/**
 * Where in a task's log, or in the logs of it and its sub-agents, a client is: what stands in `id:`, and comes back as
 * Last-Event-ID.
 *
 * For one log it is the seq. For several it is opaque: the seq of the task's own log, then each descendant by a digest of
 * its id, because sixty-four ids would not fit into a header.
 */
import { createHash } from "node:crypto";
import { OmniForgeError } from "../../protocol/error.ts";

/** By task, the last entry that was seen. */
export type Position = ReadonlyMap<string, number>;

/** So many sub-agents are followed with a task. */
export const maximumDescendants = 64;

const seqShape = /^(?:0|[1-9]\d{0,14})$/;
const partShape = /^([A-Za-z0-9_-]{10})(0|[1-9]\d{0,14})$/;

/** The position as an id. `tree`: with sub-agents, even while there are none. */
export function writePosition(root: string, position: Position, tree: boolean): string {
  const own = String(position.get(root) ?? 0);
  if (!tree) return own;
  const others = [...position].filter(([task]) => task !== root);
  return [`t${own}`, ...others.map(([task, seq]) => `${digest(task)}${seq}`)].join(".");
}

/** Reads an id that this server wrote. `family`: the descendants that there are. Throws INVALID_INPUT for any other. */
export function readPosition(text: string, root: string, family: readonly string[] | undefined): Position {
  const [own = "", ...others] = text.split(".");
  const tree = own.startsWith("t");
  const seq = tree ? own.slice(1) : own;
  if (!seqShape.test(seq) || (tree && family === undefined) || (!tree && others.length > 0))
    throw unknown(text);
  const position = new Map([[root, Number(seq)]]);
  if (!tree) {
    for (const task of (family ?? []).slice(0, maximumDescendants)) position.set(task, 0);
    return position;
  }
  if (others.length > maximumDescendants) throw unknown(text);
  const byDigest = new Map((family ?? []).map((task) => [digest(task), task]));
  for (const other of others) {
    const [, name = "", at = ""] = partShape.exec(other) ?? [];
    const task = byDigest.get(name);
    if (task === undefined) throw unknown(text);
    position.set(task, Number(at));
  }
  return position;
}

/** An id says all of a family again, and there is one for each entry: what was made out once is kept. */
const digests = new Map<string, string>();
const keptDigests = 10_000;

function digest(task: string): string {
  const known = digests.get(task);
  if (known !== undefined) return known;
  const made = createHash("sha256").update(task).digest("base64url").slice(0, 10);
  if (digests.size >= keptDigests) digests.clear();
  digests.set(task, made);
  return made;
}

function unknown(text: string): OmniForgeError {
  const shown = JSON.stringify(text.slice(0, 40));
  return new OmniForgeError("INVALID_INPUT", `${shown} is no id of an event of this stream`);
}
