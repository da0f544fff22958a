/** All scenarios, by theme. */
import type { Theme } from "../scenario.ts";
import { answers } from "./answers.ts";
import { approvals } from "./approvals.ts";
import { toolCalls } from "./tool-calls.ts";

export const themes: readonly Theme[] = [answers, toolCalls, approvals];
