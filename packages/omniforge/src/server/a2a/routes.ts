/**
 * Where A2A is spoken: for every agent, by both bindings, at `/a2a/{agent}`. Declared like every other route, so that roles
 * and the matrix of tenants cover them; what performs them is loaded when it is first needed.
 */
import { z } from "zod";
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForge } from "../../create-omniforge.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import type { Role } from "../../protocol/role.ts";
import type { ServerContext } from "../env.ts";
import type { Method, Route } from "../route.ts";
import type { Facts } from "./serve.ts";

export interface A2AOptions {
  /** Whose card stands at the root. Default: the agent that was registered first. */
  readonly agent?: string;
  /** Hears of what should not have happened. Default: nobody. */
  readonly onError?: (error: unknown, operation: string) => void;
  /** How clients reach this server, where it is not by the host that they name: scheme and host. */
  readonly publicUrl?: string;
}

const none = z.object({});
const json = z.looseObject({});
const agentName = z.object({ agent: z.string().max(200) });
const oneTask = agentName.extend({ task: z.string().max(200) });
const version = z.looseObject({ "A2A-Version": z.string().optional() });

const card = "/.well-known/agent-card.json";

/** Whether anybody may ask for it: cards are how agents are found. */
export function isAgentCard(method: string, path: string): boolean {
  return (
    (method === "GET" || method === "HEAD") && /^\/a2a\/[^/]+\/\.well-known\/agent-card\.json$/.test(path)
  );
}

type Answer = (context: ServerContext, agent: Agent, facts: Facts) => Response | Promise<Response>;

/** Every route of A2A, over the agents of this OmniForge. */
export function a2aRoutes(forge: OmniForge, options: A2AOptions = {}): readonly Route[] {
  const agentOf = (name: string | undefined): Agent => {
    const agent = name === undefined ? [...forge.agents.values()][0] : forge.agents.get(name);
    if (agent === undefined) throw new OmniForgeError("AGENT_NOT_FOUND", `there is no agent ${name ?? ""}`);
    return agent;
  };
  const factsOf = async (context: ServerContext): Promise<Facts> => ({
    origin: options.publicUrl ?? new URL(context.req.url).origin,
    secured: !(await forge.keys.isEmpty()),
    model: forge.model,
    onError: options.onError,
  });
  const route = (
    method: Method,
    path: string,
    operation: string,
    summary: string,
    role: Role | "anyone",
    answer: Answer,
    params: z.ZodObject = agentName,
  ): Route => ({
    method,
    path,
    operation,
    summary,
    role,
    tag: "a2a",
    params: path.includes("{agent}") ? params : none,
    query: version,
    headers: none,
    body: undefined,
    answers: {
      200: { description: "See the A2A specification, 1.0.", content: { "application/a2a+json": json } },
    },
    problems: ["AGENT_NOT_FOUND"],
    async perform(context) {
      const named = path.includes("{agent}") ? context.req.param("agent") : options.agent;
      return answer(context, agentOf(named), await factsOf(context));
    },
  });

  const cardOf: Answer = async (...request) => (await import("./serve.ts")).answerCard(...request);
  const rpc: Answer = async (...request) => (await import("./serve.ts")).answerRpc(...request);
  const rest =
    (operation: string, where: "body" | "query"): Answer =>
    async (...request) =>
      (await import("./serve.ts")).answerRest(...request, operation, { in: where });
  /** `{id}` or `{id}:verb`: a colon is part of a segment. */
  const onTask =
    (verbs: Readonly<Record<string, string>>): Answer =>
    async (context, ...request) => {
      const { id, verb = "" } = splitVerb(context.req.param("task") ?? "");
      const operation = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
      if (operation === undefined)
        throw new OmniForgeError(
          "ROUTE_NOT_FOUND",
          `A2A has no ${context.req.method} …:${verb.slice(0, 50)} on a task`,
        );
      return (await import("./serve.ts")).answerRest(context, ...request, operation, { id, in: "query" });
    };

  const base = "/a2a/{agent}";
  const configs = `${base}/tasks/{task}/pushNotificationConfigs`;
  const push = rest("ListTaskPushNotificationConfigs", "query");
  const oneConfig = oneTask.extend({ config: z.string().max(200) });
  return [
    route("get", card, "a2aDefaultCard", "The default agent's card.", "anyone", cardOf),
    route("get", `${base}${card}`, "a2aCard", "An agent's card.", "anyone", cardOf),
    route("post", base, "a2aRpc", "JSON-RPC: every operation of A2A.", "viewer", rpc),
    route(
      "post",
      `${base}/message:send`,
      "a2aSend",
      "Sends a message.",
      "operator",
      rest("SendMessage", "body"),
    ),
    route(
      "post",
      `${base}/message:stream`,
      "a2aStream",
      "Sends a message; answers with what follows, as it comes.",
      "operator",
      rest("SendStreamingMessage", "body"),
    ),
    route("get", `${base}/tasks`, "a2aList", "The agent's tasks.", "viewer", rest("ListTasks", "query")),
    route(
      "get",
      `${base}/tasks/{task}`,
      "a2aGet",
      "A task; with :subscribe behind its id, what becomes of it.",
      "viewer",
      onTask({ "": "GetTask", subscribe: "SubscribeToTask" }),
      oneTask,
    ),
    route(
      "post",
      `${base}/tasks/{task}`,
      "a2aTaskVerb",
      "With :cancel behind the id, cancels the task; with :subscribe, what becomes of it.",
      "viewer",
      onTask({ cancel: "CancelTask", subscribe: "SubscribeToTask" }),
      oneTask,
    ),
    route("post", configs, "a2aPushCreate", "Not supported.", "viewer", push, oneTask),
    route("get", configs, "a2aPushList", "Not supported.", "viewer", push, oneTask),
    route("get", `${configs}/{config}`, "a2aPushGet", "Not supported.", "viewer", push, oneConfig),
    route("delete", `${configs}/{config}`, "a2aPushDelete", "Not supported.", "viewer", push, oneConfig),
    route(
      "get",
      `${base}/extendedAgentCard`,
      "a2aExtendedCard",
      "Not supported.",
      "viewer",
      rest("GetExtendedAgentCard", "query"),
    ),
  ];
}

/** `{id}:cancel`, as one segment of a path: the id and the verb behind its last colon. */
function splitVerb(segment: string): { readonly id: string; readonly verb: string | undefined } {
  const at = segment.lastIndexOf(":");
  return at < 0
    ? { id: segment, verb: undefined }
    : { id: segment.slice(0, at), verb: segment.slice(at + 1) };
}
