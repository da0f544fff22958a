/** Tools that say what happened to them, and can be held and let go. */
import { defineTool, type Tool, type ToolContext, type ToolDefinition, type ToolOutput } from "omniforge";

export interface Watched {
  readonly tool: Tool;
  /** The arguments of every execution, in order. */
  readonly runs: unknown[];
}

/** A tool that remembers its executions. Free of effects unless said otherwise. */
export function watched(
  execute: (parameters: unknown, context: ToolContext) => ToolOutput | Promise<ToolOutput> = () => "done",
  some: Partial<ToolDefinition<unknown>> = {},
): Watched {
  const runs: unknown[] = [];
  const tool = defineTool<unknown>({
    name: "act",
    description: "Acts.",
    parameters: { type: "object" },
    effects: "none",
    ...some,
    execute(parameters, context) {
      runs.push(parameters);
      return execute(parameters, context);
    },
  });
  return { tool, runs };
}

/** Something that is awaited until it is opened. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
