/** A task's log as a stream or a page, and the trace of its reasoning. */
import { z } from "zod";
import { flag, taskParams, whole } from "../fields.ts";
import { route, type Route } from "../route.ts";
import { entry } from "../shapes.ts";
import { positionIn, streamResponse } from "../sse/respond.ts";
import { entryView } from "../view/entry-view.ts";
import { trace, traceTurn } from "../view/trace.ts";
import { treeItems, treePage } from "../view/tree-page.ts";
import { taskOf, wantsStream } from "./tasks.ts";

const headSeq = z.int().describe("How many entries the task's own log has.");
const eventPage = z.object({
  items: z.array(entry),
  headSeq,
  next: z.int().optional().describe("`after` of the next page; none: this was the last."),
});
const treeEventPage = z.object({ ...treeItems, headSeq }).describe("With `tree=true`.");

export const eventRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/tasks/{task}/events",
      operation: "followTask",
      summary: "A task's events: as they come, or a page of its log.",
      description: [
        "With `Accept: text/event-stream`: `event: entry` with an id for each entry of the log; `event: delta` and",
        "`event: reset` without one, for text that the finished entry supersedes. `Last-Event-ID` goes on without a gap",
        "or a repetition. The stream ends with the task, and who comes back then gets 204.",
      ].join(" "),
      tag: "events",
      role: "viewer",
      params: taskParams,
      query: z.object({
        after: z
          .string()
          .max(2_000)
          .optional()
          .describe(
            "Entries after this one: a seq, or an id of the stream. The header Last-Event-ID comes before it.",
          ),
        tree: flag
          .optional()
          .describe(
            "Its sub-agents' events too, of 64 at most; a page has one log after the other. Ids are then opaque.",
          ),
        limit: whole(1, 1_000).default(100).describe("Of a page."),
      }),
      headers: z.object({ "last-event-id": z.string().max(2_000).optional() }),
      answers: {
        200: {
          description: "The stream, or a page.",
          content: {
            "application/json": z.union([eventPage, treeEventPage]),
            "text/event-stream": z.string(),
          },
        },
        204: { description: "The task has ended, and everything has been seen." },
      },
      problems: ["TASK_NOT_FOUND"],
    },
    async ({ params, query, headers, forge, context }) => {
      const task = await taskOf(forge, params.task);
      const { after = "", tree = false, limit } = query;
      const from = (headers["last-event-id"] ?? "") || after || undefined;
      const isStream = wantsStream(context);
      const position = await positionIn(forge, task, from, tree);
      if (isStream) {
        if (position === undefined) return new Response(null, { status: 204 });
        return streamResponse(context, context.var.streams, { task: task.task, after: position, tree });
      }
      if (tree) {
        const page =
          position === undefined ? { items: [] } : await treePage(forge, task.task, position, limit);
        return context.json({ ...page, headSeq: task.headSeq });
      }
      const seen = position?.get(task.task) ?? task.headSeq;
      const entries = await forge.log(task.task, seen, limit);
      const last = entries.at(-1)?.seq ?? seen;
      return context.json({
        items: entries.map((one) => entryView(forge, one)),
        headSeq: task.headSeq,
        ...(last < task.headSeq && { next: last }),
      });
    },
  ),
  route(
    {
      method: "get",
      path: "/api/v1/tasks/{task}/steps",
      operation: "traceTask",
      summary: "How a task came to its answer: turns, steps, attempts, times, tokens and cost.",
      tag: "events",
      role: "viewer",
      params: taskParams,
      query: z.object({ after: whole(0, 1e15).default(0), limit: whole(1, 200).default(50) }),
      answers: {
        200: {
          description: "So many turns.",
          content: {
            "application/json": z.object({
              items: z.array(traceTurn),
              next: z.int().optional().describe("`after` of the next page; none: this was the last."),
            }),
          },
        },
      },
      problems: ["TASK_NOT_FOUND"],
    },
    async ({ params, query, forge, context }) => {
      const task = await taskOf(forge, params.task);
      return context.json(await trace(forge, task, query.after, query.limit));
    },
  ),
];
