/** Whether processes can be traced here; where they can't, tests that need it are skipped as all are that need something. */
import { canTrace } from "../../packages/omniforge/src/testing/crash/system-calls.ts";
import { skipped } from "../faults/needs.ts";

const tracing = canTrace();

export const traced = {
  /** Appended to the names of tests: why they were skipped, or nothing. */
  skipped: tracing.possible ? "" : skipped(tracing.reason, tracing.forbidden),
};
