/** All scenarios, by theme. */
import type { Theme } from "../scenario.ts";
import { answers } from "./answers.ts";
import { approvals } from "./approvals.ts";
import { cancel } from "./cancel.ts";
import { compaction } from "./compaction.ts";
import { deadlines } from "./deadlines.ts";
import { erasing } from "./erasing.ts";
import { idempotency } from "./idempotency.ts";
import { limits } from "./limits.ts";
import { messages } from "./messages.ts";
import { modelFailures } from "./model-failures.ts";
import { questions } from "./questions.ts";
import { recovery } from "./recovery.ts";
import { subAgents } from "./sub-agents.ts";
import { toolCalls } from "./tool-calls.ts";
import { toolFailures } from "./tool-failures.ts";
import { unknownOutcomes } from "./unknown-outcomes.ts";

export const themes: readonly Theme[] = [
  answers,
  toolCalls,
  approvals,
  questions,
  subAgents,
  limits,
  compaction,
  cancel,
  messages,
  modelFailures,
  toolFailures,
  unknownOutcomes,
  recovery,
  deadlines,
  erasing,
  idempotency,
];
