/** What a command has open while it works: tasks, here or behind a server, and what is known of who runs them. */
import type { OmniForgeConfig } from "../define-config.ts";
import type { Task } from "../protocol/task.ts";
import type { Tasks } from "../tasks.ts";

export interface OpenedTasks {
  readonly tasks: Tasks;
  readonly config: OmniForgeConfig;
  /** Whether a living process executes these tasks, this one included. */
  readonly isAnyoneWorking: () => Promise<boolean>;
  /** Tells the engine again that a task is to end: whoever ran it may have died since it was told. */
  readonly retell: (task: Task) => Promise<void>;
  /** Opens the same tasks once more, without executing any. */
  readonly reopen: () => Promise<OpenedTasks>;
  /** Closes it, once. */
  readonly close: () => Promise<void>;
}
