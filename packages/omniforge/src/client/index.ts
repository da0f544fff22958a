/** A client of OmniForge's REST API: `omniforge/client`. */
export {
  createClient,
  type AgentCard,
  type ListedTasks,
  type OmniForgeClient,
  type OpenInput,
  type Order,
  type TaskDetail,
} from "./client.ts";
export { ClientError, type ProblemDocument } from "./client-error.ts";
export type { FollowOptions } from "./follow.ts";
export type { ClientOptions } from "./http.ts";
export { RunningText } from "./running-text.ts";
export { createServerEventParser, type ServerEvent, type ServerEventParser } from "./server-events.ts";
export type { Entry, EntryKind } from "../protocol/entry.ts";
export type { TaskEvent } from "../protocol/event.ts";
export type { Answer, InputRequest } from "../protocol/input.ts";
export type { Message, Part, Usage } from "../protocol/message.ts";
export type { Task, TaskState } from "../protocol/task.ts";
