import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonical, parseCommandLine } from "./command-line.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omniforge-words-"));
  // A program that shows its words, whatever is in them.
  writeFileSync(join(folder, "show"), `#!/bin/bash\nprintf '<%s>' "$@"\n`);
  chmodSync(join(folder, "show"), 0o755);
  writeFileSync(join(folder, "canary"), "#!/bin/bash\nprintf CANARY\n");
  chmodSync(join(folder, "canary"), 0o755);
  for (const name of ["a.txt", "b.txt", "-x"]) writeFileSync(join(folder, name), "");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each line writes, run by bash in a shell of its own; `before` goes first. */
function run(lines: readonly string[], before = ""): string[] {
  const script = lines.map((line) => `( ${line}\n) </dev/null 2>&1; printf '\\0'`).join("\n");
  const path = join(folder, "script.sh");
  writeFileSync(path, `${before}\n${script}`);
  const environment = { PATH: `${folder}:/usr/bin:/bin`, LC_ALL: "C.UTF-8", HOME: "/home/nobody" };
  return execFileSync("bash", ["--noprofile", "--norc", path], {
    cwd: folder,
    env: environment,
    encoding: "utf8",
  })
    .split("\0")
    .slice(0, -1);
}

const words = (line: string): string[] | undefined => {
  const read = parseCommandLine(line);
  return read.kind === "simple" ? read.words.map(({ text }) => text) : undefined;
};

describe("a command line", () => {
  it("is read as words where it is simple", () => {
    expect(words("a 'b c' d\\ e \"f\\\"g\\\\h\\i\" ''")).toEqual(["a", "b c", "d e", 'f"g\\h\\i', ""]);
    expect(words("git log HEAD~3 a#b 100% x=y +z")).toEqual([
      "git",
      "log",
      "HEAD~3",
      "a#b",
      "100%",
      "x=y",
      "+z",
    ]);
  });

  it("says why it isn't", () => {
    const why = (line: string): string => {
      const read = parseCommandLine(line);
      return read.kind === "complex" ? read.why : "";
    };
    expect(why("a; b")).toBe("it has several commands");
    expect(why("a | b")).toContain("pipes");
    expect(why("a $(b)")).toContain("substitutes");
    expect(why("A=1 b")).toContain("assignment");
    expect(why("a\u200b")).toContain("can't be seen");
  });

  it("tells apart the commands before what it doesn't understand, for refusing", () => {
    const read = parseCommandLine("a b && c 'd e' | f $(g h)");
    expect(read.kind === "complex" && read.commands.map((one) => one.map(({ text }) => text))).toEqual([
      ["a", "b"],
      ["c", "d e"],
      ["f"],
      ["g", "h"],
    ]);
  });

  it("is run as the words that were read, patterns expanded, never as a builtin", () => {
    expect(run([canonicalOf("show *.txt 'a;b' ?.txt '*' \"it's\" \\$x '' a\\*")])).toEqual([
      "<a.txt><b.txt><a;b><a.txt><b.txt><*><it's><$x><><a*>",
    ]);
    // As a builtin it would evaluate the index.
    expect(run([canonicalOf("printf -v 'x[$(canary)]' y")])[0]).not.toContain("CANARY");
  });

  const character = fc.constantFrom(..." \t\n;&|<>()${}[]*?~#!=\\'\"`-^%:@,./+_aбx0\u200b\u00a0".split(""));
  const piece = fc.oneof(
    { weight: 5, arbitrary: character },
    fc.constantFrom(
      "canary",
      "$(canary)",
      "`canary`",
      " 'a b' ",
      ' "c" ',
      " show ",
      "\\;",
      "A=1 ",
      "&&",
      "||",
      "<<E",
      "$'",
      "~/",
      "\\\n",
    ),
  );

  it("that is simple means to bash what was read, for any text", () => {
    const lines: string[] = [];
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const line = `show ${pieces.join("")}`;
        if (parseCommandLine(line).kind === "simple") lines.push(line);
      }),
      { numRuns: 20_000, seed: 1 },
    );
    expect(lines.length).toBeGreaterThan(1000);
    // What bash makes of the text as it was written, by functions because they start faster.
    const literal = lines.filter((line) => !hasPattern(line));
    const shown = literal.map((line) => `<${(words(line) ?? []).slice(1).join("><")}>`);
    expect(run(literal, `show() { printf '<%s>' "$@"; }; canary() { printf CANARY; }`)).toEqual(shown);
    // What it makes of the line that is really run.
    const some = lines.slice(0, 300);
    const ran = run(some.map(canonicalOf));
    expect(ran.filter((_, at) => !hasPattern(some[at] ?? ""))).toEqual(
      shown.slice(0, some.filter((line) => !hasPattern(line)).length),
    );
    expect(ran.filter((text, at) => text.includes("CANARY") && !(some[at] ?? "").includes("CANARY"))).toEqual(
      [],
    );
  });
});

const hasPattern = (line: string): boolean => {
  const read = parseCommandLine(line);
  return read.kind === "simple" && read.words.some(({ globs }) => globs.length > 0);
};

function canonicalOf(line: string): string {
  const read = parseCommandLine(line);
  if (read.kind === "complex") throw new Error(read.why);
  return canonical(read.words);
}
