/** Every route of the native API: the one table. */
import type { Route } from "./route.ts";
import { taskRoutes } from "./routes/tasks.ts";

export const routes: readonly Route[] = [...taskRoutes];
