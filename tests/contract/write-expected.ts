/** Writes what a backend's logs were as the contract's expected ones, theme by theme, in the order of the scenarios. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { scenarioNames, type ExpectedLogs } from "omniforge/testing";
import {
  expectedFile,
  formatExpected,
  parseExpected,
} from "../../packages/omniforge/src/testing/contract/expected.ts";

export function writeExpected(theme: string, scenario: string, logs: ExpectedLogs): void {
  const path = expectedFile(theme);
  mkdirSync(new URL("./", path), { recursive: true });
  const known = existsSync(path) ? parseExpected(readFileSync(path, "utf8")) : {};
  const all: Readonly<Record<string, ExpectedLogs>> = { ...known, [scenario]: logs };
  const ordered = scenarioNames().flatMap((name) =>
    all[name] === undefined ? [] : [[name, all[name]] as const],
  );
  writeFileSync(path, formatExpected(Object.fromEntries(ordered)));
}
