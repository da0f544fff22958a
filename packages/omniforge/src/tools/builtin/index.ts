/** The tools that come with OmniForge: the workspace's files, commands, the web, a plan, and a question to a person. */
import type { Tool } from "../tool.ts";
import { editTool } from "./edit.ts";
import { globTool } from "./glob.ts";
import { grepTool } from "./grep.ts";
import { readTool } from "./read.ts";
import { writeTool } from "./write.ts";

export { askHumanTool } from "./ask-human.ts";
export { createFetchTool, fetchTool, type FetchToolOptions } from "./fetch/index.ts";
export { bashTool, createShellTool, type ShellToolOptions } from "./shell/index.ts";
export type { ShellRules } from "./shell/rules.ts";
export { todoTool } from "./todo.ts";
export { editTool, globTool, grepTool, readTool, writeTool };

/** Everything that works on the workspace's files; only `write` and `edit` change anything, and a person approves each. */
export const fileTools: readonly Tool[] = [readTool, globTool, grepTool, writeTool, editTool];
