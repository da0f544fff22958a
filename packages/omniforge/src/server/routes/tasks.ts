/** Tasks: reading one. */
import { z } from "zod";
import { route, type Route } from "../route.ts";

const taskId = z.object({ task: z.string().max(200) });

export const taskRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/tasks/{task}",
      operation: "getTask",
      summary: "A task.",
      tag: "tasks",
      role: "viewer",
      params: taskId,
      answers: { 200: { description: "The task." } },
      problems: ["TASK_NOT_FOUND"],
    },
    async ({ params, forge, context }) => context.json(await forge.get(params.task)),
  ),
];
