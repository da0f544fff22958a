/**
 * What a new task of a conversation is told of the tasks before it: A2A's `contextId` groups tasks, each a task of its own,
 * and their agent should know what was said.
 *
 * Owns: how much of it, and how it is written. It stands before the first message's own parts (`withoutRecall` takes it
 * away again), as data, never as instructions.
 */
import { textOf, type Message, type Part } from "../../protocol/message.ts";
import type { TaskRow } from "../../store/task-store.ts";
import { recallHeading, type Outline } from "./outline.ts";
import type { Window } from "./window.ts";

const mostTasks = 10;
const charactersEach = 4_000;

/** The message, behind what its conversation's earlier tasks of this agent and the tasks it refers to have said. */
export async function withRecall(
  { store, outlineOf }: Window,
  message: Message,
  wanted: {
    readonly tenant: string;
    readonly agent: string;
    readonly context: string | undefined;
    readonly referred: readonly TaskRow[];
  },
): Promise<Message> {
  const { tenant, agent, context, referred } = wanted;
  const earlier =
    context === undefined ? [] : (await store.recent({ tenant, agent, context, limit: mostTasks })).rows;
  const rows = new Map([...earlier, ...referred].map((row) => [row.task, row]));
  // Ids are time-ordered: as they were begun.
  const inOrder = [...rows.values()].toSorted((one, other) => (one.task < other.task ? -1 : 1));
  const told = await Promise.all(inOrder.map(async (row) => tell(row, await outlineOf(row))));
  const lines = told.filter((one) => one !== "");
  if (lines.length === 0) return message;
  const recalled: Part = { type: "text", text: `${recallHeading}\n${lines.join("\n")}` };
  return { ...message, parts: [recalled, ...message.parts] };
}

function tell({ task, state }: TaskRow, { said }: Outline): string {
  const lines = said
    .map(({ by, parts }) => `${by}: ${textOf(parts)}`)
    .filter((line) => !/^\w+: $/.test(line));
  const told = lines.join("\n");
  const shown = told.length > charactersEach ? `… ${told.slice(-charactersEach)}` : told;
  return shown === "" ? "" : `Task ${task} (${state}):\n${shown}`;
}
