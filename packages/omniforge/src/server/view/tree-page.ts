/**
 * A page of the logs of a task and its sub-agents: one log after the other, a sub-agent's after the entry that opened it.
 *
 * Each entry has the id that a stream would give it, which stands for a place in all of those logs: pages and streams go on
 * from one another.
 */
import { z } from "zod";
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry } from "../../protocol/entry.ts";
import { entry, named } from "../shapes.ts";
import { maximumDescendants, writePosition, type Position } from "../sse/position.ts";
import { entryView } from "./entry-view.ts";

const treeEntry = named(
  "TreeEntry",
  z.object({ id: z.string().describe("To go on after it."), task: z.string(), entry }),
);

/** The page without what is known of the task itself. */
export const treeItems = {
  items: z.array(treeEntry),
  next: z.string().optional().describe("`after` of the next page; none: this was the last."),
};

interface TreeItem {
  readonly id: string;
  readonly task: string;
  readonly entry: Entry;
}

/** So many entries at most after a position, which names the sub-agents that are known by now. */
export async function treePage(
  forge: OmniForge,
  root: string,
  position: Position,
  limit: number,
): Promise<{ readonly items: readonly TreeItem[]; readonly next?: string }> {
  const seen = new Map(position);
  const items: TreeItem[] = [];
  // It comes to those, too, that are found on the way.
  for (const task of seen.keys()) {
    // One more than fits tells whether there is another page.
    for (const one of await forge.log(task, seen.get(task), limit + 1 - items.length)) {
      const last = items.at(-1);
      if (items.length === limit && last !== undefined) return { items, next: last.id };
      seen.set(task, one.seq);
      if (one.kind === "child" && seen.size <= maximumDescendants && !seen.has(one.body.task))
        seen.set(one.body.task, 0);
      items.push({ id: writePosition(root, seen, true), task, entry: entryView(forge, one) });
    }
  }
  return { items };
}
