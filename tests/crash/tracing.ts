/**
 * Whether processes can be traced here. Where they can't, tests that need it are skipped visibly, with the reason; in CI
 * that is a failure, unless it is the kernel that forbids it.
 */
import { canTrace } from "../../packages/omniforge/src/testing/crash/system-calls.ts";

const tracing = canTrace();
const isExcused = !tracing.possible && (tracing.forbidden || process.env["CI"] !== "true");

export const traced = {
  /** Appended to the names of tests: why they were skipped, or nothing. */
  skipped: isExcused ? ` (skipped: ${tracing.reason})` : "",
};
