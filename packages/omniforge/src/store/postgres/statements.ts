/** The statements of statements.sql, by name. */
import { readFileSync } from "node:fs";
import { OmniForgeError } from "../../protocol/error.ts";

const texts = new Map(
  readFileSync(new URL("statements.sql", import.meta.url), "utf8")
    .split(/^-- name: /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()] as const;
    }),
);

export function statement(name: string): string {
  const text = texts.get(name);
  if (text === undefined) throw new OmniForgeError("INTERNAL", `there is no statement named ${name}`);
  return text;
}

export function statementNames(): readonly string[] {
  return [...texts.keys()];
}
