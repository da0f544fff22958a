/** The only module that knows the A2A SDK: its types, codecs and errors. Its Express, gRPC and database parts stay out. */
export {
  A2A_CONTENT_TYPE,
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  Role,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskState,
} from "@a2a-js/sdk";
export type {
  AgentExtension,
  AgentSkill,
  Artifact,
  ListTasksResponse,
  Message,
  Part,
  TaskStatus,
} from "@a2a-js/sdk";
export {
  A2AError,
  A2A_ERROR_CODE,
  ContentTypeNotSupportedError,
  PushNotificationNotSupportedError,
  RequestMalformedError,
  restStatusFor,
  TaskNotCancelableError,
  TaskNotFoundError,
  toJsonRpcError,
  toRestErrorBody,
  UnsupportedOperationError,
  VersionNotSupportedError,
} from "@a2a-js/sdk/errors";
export { ServerCallContext } from "@a2a-js/sdk/server";
export type { A2ARequestHandler } from "@a2a-js/sdk/server";
