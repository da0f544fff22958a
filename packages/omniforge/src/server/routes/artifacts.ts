/** Files and large values of a task. */
import { z } from "zod";
import { OmniForgeError } from "../../protocol/error.ts";
import { wellFormedText } from "../../protocol/json.ts";
import { taskParams } from "../fields.ts";
import { route, type Route } from "../route.ts";
import { readArtifact } from "../view/artifacts.ts";
import { taskOf } from "./tasks.ts";

/** Types that a browser shows and does not run. Everything else is saved to disk. */
const harmless = new Set([
  "text/plain",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "application/json",
]);

const bytes = Object.fromEntries(
  [...harmless, "application/octet-stream"].map((type) => [type, z.unknown()]),
);

export const artifactRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/tasks/{task}/artifacts/{name}",
      operation: "getArtifact",
      summary: "The bytes of a file or a large value, by the name that the task gives it.",
      description: "Where several have the name, the last of them.",
      tag: "tasks",
      role: "viewer",
      params: taskParams.extend({ name: wellFormedText.min(1).max(400) }),
      answers: {
        200: { description: "The bytes.", content: bytes },
      },
      problems: ["TASK_NOT_FOUND", "ARTIFACT_NOT_FOUND"],
    },
    async ({ params, forge }) => {
      await taskOf(forge, params.task);
      const read = await readArtifact(forge, params.task, params.name);
      if (read === undefined)
        throw new OmniForgeError("ARTIFACT_NOT_FOUND", `task ${params.task} has no artifact ${params.name}`);
      const { mediaType } = read.artifact;
      return new Response(Buffer.from(read.bytes), {
        headers: {
          "content-type": harmless.has(mediaType) ? mediaType : "application/octet-stream",
          "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(params.name).replaceAll("'", "%27")}`,
          "content-security-policy": "default-src 'none'; sandbox",
          "x-content-type-options": "nosniff",
          "cache-control": "private, no-cache",
        },
      });
    },
  ),
];
