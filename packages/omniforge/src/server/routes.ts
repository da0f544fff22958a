/** Every route of the native API: the one table. */
import type { Route } from "./route.ts";
import { agentRoutes } from "./routes/agents.ts";
import { artifactRoutes } from "./routes/artifacts.ts";
import { chatRoutes } from "./routes/chat.ts";
import { eventRoutes } from "./routes/events.ts";
import { inputRoutes } from "./routes/inputs.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { toolRoutes } from "./routes/tools.ts";

export const routes: readonly Route[] = [
  ...agentRoutes,
  ...taskRoutes,
  ...eventRoutes,
  ...inputRoutes,
  ...chatRoutes,
  ...artifactRoutes,
  ...toolRoutes,
];
