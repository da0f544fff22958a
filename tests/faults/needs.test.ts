import { afterEach, describe, expect, it, vi } from "vitest";
import { skippedWithout } from "./needs.ts";

const failing = (words: string): readonly string[] => ["sh", "-c", `echo '${words}' >&2; exit 1`];
const forbidden = failing("bwrap: No permissions to create new namespace");

describe("a test that needs a command", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ["true", ["env"], ""],
    ["true", ["no-such-command"], ""],
    ["true", failing("bwrap: bad option"), ""],
    ["true", forbidden, " (skipped: bwrap: No permissions to create new namespace)"],
    [
      "true",
      failing("strace: ptrace(PTRACE_TRACEME): Operation not permitted"),
      " (skipped: strace: ptrace(PTRACE_TRACEME): Operation not permitted)",
    ],
    ["", ["env"], ""],
    ["", ["no-such-command"], " (skipped: no-such-command can't be run (spawnSync no-such-command ENOENT))"],
    ["", failing("bwrap: bad option"), " (skipped: bwrap: bad option)"],
    ["", forbidden, " (skipped: bwrap: No permissions to create new namespace)"],
  ])("with CI=%s and %j is named%s", (ci, command, name) => {
    vi.stubEnv("CI", ci);
    expect(skippedWithout(command)).toBe(name);
  });
});
