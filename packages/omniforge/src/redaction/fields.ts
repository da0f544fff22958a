/**
 * The fields that a configuration hides: by name, wherever such a member stands in people's and tools' values, or by a
 * JSON path from the root of one (`$.card.number`, `$.rows[*].iban`).
 *
 * Owns: finding them in values, and in texts that are JSON, or that were before they were cut.
 */
import { OmniForgeError } from "../protocol/error.ts";
import { mask } from "./known-secrets.ts";

export interface HiddenFields {
  /** Of members that are hidden, wherever they may stand: a text that is not whole does not tell. */
  readonly names: readonly string[];
  /** The value with hidden members masked: the same object where there are none. `found` gets what was hidden. */
  inValue(value: unknown, found: Set<string>): unknown;
  /** Likewise in a text that is JSON, or the beginning of some. */
  inText(text: string, found: Set<string>): string;
}

type Path = readonly (string | number)[];
/** `*` stands for any member and any item. */
type Pattern = Path;

/** Throws INVALID_INPUT for what is neither a name nor a path. */
export function hiddenFields(fields: readonly string[]): HiddenFields {
  const names = new Set(fields.filter((field) => !field.startsWith("$")).map((name) => name.toLowerCase()));
  const paths = fields.filter((field) => field.startsWith("$")).map(parsePath);
  const inJson = memberNamed([...names]);
  // Where a text was cut its members' paths can't be told: whatever has such a name at its end is masked.
  const ends = paths.map((path) => path.at(-1)).filter((step) => typeof step === "string" && step !== "*");
  const inCutJson = memberNamed([...names, ...ends.map(String)]);

  const isHidden = (path: Path): boolean => {
    const last = path.at(-1);
    if (typeof last === "string" && names.has(last.toLowerCase())) return true;
    return paths.some((pattern) => matches(pattern, path));
  };

  function walk(value: unknown, path: Path, found: Set<string>): unknown {
    if (path.length > 0 && isHidden(path)) {
      collect(value, found);
      return value === null ? null : mask;
    }
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => walk(item, [...path, index], found));
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    if (typeof value === "string" && path.length > 0) return text(value, found);
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).map(([name, member]: [string, unknown]) => ({
      name,
      before: member,
      after: walk(member, [...path, name], found),
    }));
    if (members.every(({ before, after }) => before === after)) return value;
    return Object.fromEntries(members.map(({ name, after }) => [name, after]));
  }

  function text(given: string, found: Set<string>): string {
    if (fields.length === 0) return given;
    const trimmed = given.trimStart();
    if (trimmed.startsWith("{") || trimmed.startsWith("[")) {
      const value = parsed(trimmed);
      if (value !== undefined) {
        const after = walk(value, [], found);
        return after === value ? given : JSON.stringify(after);
      }
      return inCutJson === undefined ? given : maskMembers(given, inCutJson, found);
    }
    return inJson === undefined ? given : maskMembers(given, inJson, found);
  }

  return {
    names: [...names, ...ends.map(String)],
    inValue: (value, found) => (fields.length === 0 ? value : walk(value, [], found)),
    inText: text,
  };
}

/** Where a member of one of these names begins its value; undefined for no names. */
function memberNamed(names: readonly string[]): RegExp | undefined {
  if (names.length === 0) return undefined;
  const literal = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`));
  return new RegExp(`"(?:${literal.join("|")})"\\s*:\\s*`, "gi");
}

/** Masks the values of such members where the text can't be parsed: what is no plain value is cut off with all after it. */
function maskMembers(text: string, member: RegExp, found: Set<string>): string {
  let masked = "";
  let rest = text;
  for (;;) {
    member.lastIndex = 0;
    const at = member.exec(rest);
    if (at === null) return masked + rest;
    const start = at.index + at[0].length;
    const [value] = /^(?:"(?:[^"\\]|\\.)*"?|-?[\d.eE+-]+|true|false|null)/.exec(rest.slice(start)) ?? [];
    masked += `${rest.slice(0, start)}"${mask}"`;
    if (value === undefined) return masked;
    collect(parsed(value) ?? value, found);
    rest = rest.slice(start + value.length);
  }
}

/** What is hidden in one place is looked for in the texts beside it: short values are words of any text. */
function collect(value: unknown, found: Set<string>): void {
  if (typeof value === "string" && value.length >= 4 && value !== mask) found.add(value);
  else if (typeof value === "number" && String(value).length >= 4) found.add(String(value));
  else if (typeof value === "object" && value !== null)
    for (const member of Object.values(value)) collect(member, found);
}

function parsePath(text: string): Pattern {
  const steps = [...text.slice(1).matchAll(/\.([\w-]+|\*)|\[(\d+|\*)\]|\['([^']+)'\]/g)];
  if (steps.length === 0 || steps.map(([step]) => step).join("") !== text.slice(1))
    throw new OmniForgeError(
      "INVALID_INPUT",
      `redact: ${text} is no path; write a member's name, or a path like $.card.number or $.rows[*].iban`,
    );
  return steps.map(([, name, index, quoted]) => quoted ?? name ?? (index === "*" ? "*" : Number(index)));
}

function matches(pattern: Pattern, path: Path): boolean {
  return (
    pattern.length === path.length && pattern.every((step, index) => step === "*" || step === path[index])
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
