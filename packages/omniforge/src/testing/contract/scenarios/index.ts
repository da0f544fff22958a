/** All scenarios, by theme. */
import type { Theme } from "../scenario.ts";
import { answers } from "./answers.ts";
import { approvals } from "./approvals.ts";
import { compaction } from "./compaction.ts";
import { limits } from "./limits.ts";
import { questions } from "./questions.ts";
import { subAgents } from "./sub-agents.ts";
import { toolCalls } from "./tool-calls.ts";

export const themes: readonly Theme[] = [
  answers,
  toolCalls,
  approvals,
  questions,
  subAgents,
  limits,
  compaction,
];
