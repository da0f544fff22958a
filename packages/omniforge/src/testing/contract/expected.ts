/**
 * The expected logs, one file a theme: every engine's logs are compared with the same ones, and so with each other's.
 *
 * A file holds its scenarios (`= name`), their tasks (`- name`), and a line for each entry: kind, key and normalised
 * body. Where the body is long, its start and the hash of the whole stand for it; the agent spec's hash, which no engine
 * makes, is left out.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Entry } from "../../protocol/entry.ts";
import { hashOf } from "../../store/blob-store.ts";
import { normalise } from "../normalise.ts";

/** By the task's name within the scenario. */
export type ExpectedLogs = Readonly<Record<string, readonly string[]>>;

const longest = 1_200;
const shown = 200;

/** A log as lines. */
export function toLines(entries: readonly Entry[]): readonly string[] {
  return normalise(entries).map(({ kind, key, body }) => {
    const text = JSON.stringify(body, (name, value: unknown) => (name === "specHash" ? undefined : value));
    const short =
      text.length <= longest ? text : `${text.slice(0, shown)}… ${text.length} characters, ${hashOf(text)}`;
    return [kind, ...(key === undefined ? [] : [key]), short].join(" ");
  });
}

/** The file of a theme. */
export function expectedFile(theme: string): URL {
  return new URL(`expected/${theme.replaceAll(" ", "-")}.txt`, import.meta.url);
}

/** A theme's file as it is read; scenarios by name. */
export function parseExpected(text: string): Readonly<Record<string, ExpectedLogs>> {
  const scenarios: Record<string, Record<string, string[]>> = {};
  let tasks: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("= ")) scenarios[line.slice(2)] = tasks = {};
    else if (line.startsWith("- ")) tasks[line.slice(2)] = lines = [];
    else if (line !== "") lines.push(line);
  }
  return scenarios;
}

/** The same file as it is written. */
export function formatExpected(scenarios: Readonly<Record<string, ExpectedLogs>>): string {
  const logs = (tasks: ExpectedLogs): string[] =>
    Object.entries(tasks).flatMap(([name, lines]) => [`- ${name}`, ...lines]);
  return Object.entries(scenarios)
    .map(([name, tasks]) => `${[`= ${name}`, ...logs(tasks)].join("\n")}\n`)
    .join("\n");
}

/** Fails where the logs are not the expected ones. */
export function compareLogs(theme: string, scenario: string, logs: ExpectedLogs): void {
  const expected = parseExpected(readFileSync(expectedFile(theme), "utf8"))[scenario];
  assert.ok(expected, `there is no expected log of "${scenario}"`);
  assert.deepEqual(logs, expected, "the normalised logs are the expected ones");
}
