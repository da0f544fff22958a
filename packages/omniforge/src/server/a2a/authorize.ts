/** Which role which operation needs, whichever binding it comes by; what needs a task of its own needs more (see `send.ts`). */
import { OmniForgeError } from "../../protocol/error.ts";
import { mayActAs, type Role } from "../../protocol/role.ts";
import type { Caller } from "../caller.ts";

/** Reading is everybody's who has a key; talking with tasks is the operator's, beginning one the developer's. */
function leastRole(method: string, params: Record<string, unknown>): Role {
  if (method === "CancelTask") return "operator";
  if (method !== "SendMessage" && method !== "SendStreamingMessage") return "viewer";
  const { message } = params;
  const continues =
    typeof message === "object" && message !== null && "taskId" in message && Boolean(message.taskId);
  return continues ? "operator" : "developer";
}

/** Throws FORBIDDEN. */
export function authorize({ role }: Caller, method: string, params: Record<string, unknown>): void {
  const least = leastRole(method, params);
  if (!mayActAs(role, least))
    throw new OmniForgeError("FORBIDDEN", `${method} needs the role ${least} here, and this key has ${role}`);
}
