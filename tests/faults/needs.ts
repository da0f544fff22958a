/**
 * What a test needs of its machine. Where it is missing, the test is skipped visibly, with the reason in its name; in CI it
 * runs all the same, and fails, unless it is the kernel that forbids what it needs.
 */
import { spawnSync } from "node:child_process";

/** Appended to the names of tests: why they are skipped, or nothing. */
export function skipped(reason: string | undefined, forbidden: boolean): string {
  return reason !== undefined && (forbidden || process.env["CI"] !== "true") ? ` (skipped: ${reason})` : "";
}

/** Words of strace and bubblewrap where the kernel, or the container around it, says no. */
const refusals =
  /(ptrace|namespace|uid map|loopback|mount).*(not permitted|permission|denied)|no permissions/i;

/** The same for a command line under which `true` must run. */
export function skippedWithout([command = "", ...words]: readonly string[]): string {
  const tried = spawnSync(command, [...words, "true"], { encoding: "utf8" });
  if (tried.error !== undefined) return skipped(`${command} can't be run (${tried.error.message})`, false);
  if (tried.status === 0) return "";
  const said = tried.stderr.trim().split("\n")[0] ?? "";
  return skipped(said === "" ? `${command} failed` : said, refusals.test(tried.stderr));
}
