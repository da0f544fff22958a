/** Tools by name, as one process knows them. */
import { OmniForgeError } from "../protocol/error.ts";
import type { Tool } from "./tool.ts";

export interface ToolRegistry {
  /** Throws TOOL_EXISTS for a name that is taken. */
  register(tool: Tool): void;
  /** Registers, or takes the place of the tool with this name. */
  replace(tool: Tool): void;
  unregister(name: string): boolean;
  get(name: string): Tool | undefined;
  list(): readonly Tool[];
}

export function createToolRegistry(tools: readonly Tool[] = []): ToolRegistry {
  const byName = new Map<string, Tool>();
  const registry: ToolRegistry = {
    register(tool) {
      if (byName.has(tool.spec.name))
        throw new OmniForgeError("TOOL_EXISTS", `a tool named ${tool.spec.name} is registered already`);
      byName.set(tool.spec.name, tool);
    },
    replace: (tool) => void byName.set(tool.spec.name, tool),
    unregister: (name) => byName.delete(name),
    get: (name) => byName.get(name),
    list: () => [...byName.values()],
  };
  for (const tool of tools) registry.register(tool);
  return registry;
}
