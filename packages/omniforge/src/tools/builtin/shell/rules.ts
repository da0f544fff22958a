/**
 * Which commands run without asking, which never run, and which a person decides about.
 *
 * A rule is a command line in which `*` stands for something: as the last word, for any further words or none; as a word
 * in between, for one word that is no option; inside a word, for characters other than `/`. `git status` allows just
 * that; `ls *` allows ls with anything; `*` allows every simple command that no table of risks names.
 *
 * Invariants
 * 1. What a rule forbids never runs, whoever approved it; where a forbidden command might hide, a person decides.
 * 2. Only a simple command (`command-line.ts`) is ever allowed, and it runs exactly as it was read.
 * 3. A wildcard covers no program that runs its arguments, and no option known to run or write something (`risky-words.ts`).
 * 4. Of allowing and forbidding, forbidding wins; whatever is left, a person decides.
 */
import { OmniForgeError } from "../../../protocol/error.ts";
import { isKeyword, parseCommandLine, type CommandLine, type Word } from "./command-line.ts";
import { isPlainGit, isRunner, isWrapper, programOf, riskOf } from "./risky-words.ts";

export interface ShellRules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export type Verdict =
  | { readonly verdict: "allow"; readonly words: readonly Word[] }
  | { readonly verdict: "ask"; readonly why: string }
  | { readonly verdict: "deny"; readonly why: string };

interface Rule {
  readonly text: string;
  readonly words: readonly Word[];
}

/** Makes rules executable. Throws INVALID_AGENT for a rule that isn't a simple command, or that would allow anything. */
export function compileRules(rules: ShellRules): (command: string) => Verdict {
  const allow = (rules.allow ?? []).map((text) => checkWildcard(compile(text)));
  const deny = (rules.deny ?? []).map(compile);
  return (command) => decide(parseCommandLine(command), command, allow, deny);
}

function compile(text: string): Rule {
  // `*` alone names any program, which no command line may.
  const anything = /^\s*\*(?=\s|$)/;
  const line = parseCommandLine(text.replace(anything, "any"));
  if (line.kind === "complex")
    throw new OmniForgeError(
      "INVALID_AGENT",
      `the rule ${JSON.stringify(text)} is no simple command: ${line.why}`,
    );
  const [program, ...rest] = line.words;
  const star: Word = { text: "*", globs: [0], quoted: false };
  if (program === undefined || !anything.test(text)) return { text, words: line.words };
  return { text, words: [star, ...(rest.length === 0 ? [star] : rest)] };
}

function checkWildcard(rule: Rule): Rule {
  const [program, first] = rule.words;
  const name = programOf(program);
  if (!rule.words.slice(1).some(({ globs }) => globs.length > 0)) return rule;
  const bad =
    isRunner(name) ||
    (name === "git" && first !== undefined && first.globs.length === 0 && !isPlainGit(first.text));
  if (bad)
    throw new OmniForgeError(
      "INVALID_AGENT",
      `the rule ${JSON.stringify(rule.text)} would allow anything, because ${name} runs what its arguments say; name the whole command`,
    );
  return rule;
}

function decide(line: CommandLine, command: string, allow: readonly Rule[], deny: readonly Rule[]): Verdict {
  const commands = line.kind === "simple" ? [line.words] : line.commands;
  for (const words of commands) {
    const rule = deny.find((one) => candidates(words).some((some) => matchDenied(one, some)));
    if (rule !== undefined)
      return { verdict: "deny", why: `the rule ${JSON.stringify(rule.text)} forbids it` };
  }
  if (line.kind === "complex") {
    const hidden = deny.find((rule) => mentions(command, rule));
    return {
      verdict: "ask",
      why:
        hidden === undefined
          ? line.why
          : `${line.why}, and it mentions what ${JSON.stringify(hidden.text)} forbids`,
    };
  }
  let why = "no rule allows it";
  for (const rule of allow) {
    const covered = matchAllowed(rule, line.words);
    if (covered === undefined) continue;
    const risk =
      covered.length === 0
        ? undefined
        : (riskOf(line.words, covered) ?? nearlyDenied(line.words, covered, deny));
    if (risk === undefined) return { verdict: "allow", words: line.words };
    why = risk;
  }
  return { verdict: "ask", why };
}

/** The command, and what it would run: `sudo rm x` is `rm x` too, and so are `A=1 rm x` and `then rm x`. */
function candidates(words: readonly Word[]): (readonly Word[])[] {
  const leads = ({ text }: Word): boolean => /^\w+\+?=/.test(text) || (isKeyword(text) && !isWrapper(text));
  const start = words.findIndex((word) => !leads(word));
  if (start === -1) return [];
  const command = words.slice(start);
  return isWrapper(programOf(command[0])) ? command.map((_, index) => command.slice(index)) : [command];
}

/** The places of the words that a wildcard covers; undefined where the rule doesn't match. */
function matchAllowed(rule: Rule, words: readonly Word[]): readonly number[] | undefined {
  const covered: number[] = [];
  for (const [index, wanted] of rule.words.entries()) {
    const word = words[index];
    if (isStar(wanted) && index === rule.words.length - 1 && index > 0) {
      return [...covered, ...words.map((_, at) => at).slice(index)];
    }
    if (word === undefined) return undefined;
    if (wanted.globs.length === 0) {
      // An unquoted pattern isn't the word that it looks like.
      if (word.text !== wanted.text || word.globs.length > 0) return undefined;
      continue;
    }
    // What begins with anything might be meant for a name, and is never meant for an option.
    if (wanted.globs[0] === 0 && word.text.startsWith("-")) return undefined;
    if (!isStar(wanted) && !matchesInside(wanted, word.text, "[^/]")) return undefined;
    covered.push(index);
  }
  return words.length === rule.words.length ? covered : undefined;
}

/** Compares without case and folder: some file systems ignore the one, and any program has the other. */
function matchDenied(rule: Rule, words: readonly Word[]): boolean {
  for (const [index, wanted] of rule.words.entries()) {
    if (isStar(wanted) && index === rule.words.length - 1 && index > 0) return true;
    const word = words[index];
    if (word === undefined) return false;
    if (isStar(wanted)) continue;
    const text = index === 0 ? programOf(word) : word.text;
    const name = index === 0 && wanted.globs.length === 0 ? { ...wanted, text: programOf(wanted) } : wanted;
    if (!matchesInside(name, text, ".")) return false;
  }
  return words.length === rule.words.length;
}

/**
 * Why a wildcard doesn't cover a command that a forbidding rule for the same program might mean: options before its words,
 * flags in another order, patterns that might expand to its words, or the same file by another path.
 */
function nearlyDenied(
  words: readonly Word[],
  covered: readonly number[],
  deny: readonly Rule[],
): string | undefined {
  const program = programOf(words[0]);
  const texts = covered.map((index) => words[index]?.text.toLowerCase() ?? "");
  const near = deny.find((rule) => {
    const named = rule.words.slice(1).filter((word) => !isStar(word));
    const flags = named.filter(({ text }) => text.startsWith("-")).map(({ text }) => text.toLowerCase());
    // Whatever the program, an option may be abbreviated, or have its value behind it.
    if (isStar(rule.words[0])) return flags.some((flag) => texts.some((text) => isOptionLike(text, flag)));
    if (programOf(rule.words[0]) !== program) return false;
    if (covered.some((index) => (words[index]?.globs.length ?? 0) > 0)) return true;
    if (flags.length > 0 && texts.some((text) => text.startsWith("-"))) return true;
    const others = named.filter(({ text }) => !text.startsWith("-"));
    return others.length > 0 && others.every((word) => texts.some((text) => text.includes(stem(word))));
  });
  return near === undefined ? undefined : `it is close to what the rule ${JSON.stringify(near.text)} forbids`;
}

function isOptionLike(text: string, flag: string): boolean {
  const name = text.split("=")[0] ?? "";
  return name.length > 1 && name.startsWith("-") && (flag.startsWith(name) || name.startsWith(flag));
}

/** The longest literal part of a rule's word, without its folder. */
function stem({ text }: Word): string {
  const parts = text.toLowerCase().split(/[*?/]/);
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), "");
}

function mentions(command: string, rule: Rule): boolean {
  const program = programOf(rule.words[0]);
  return command
    .split(/[^\w.+/-]+/)
    .some((word) => programOf({ text: word, globs: [], quoted: false }) === program);
}

function isStar(word: Word | undefined): boolean {
  return word?.text === "*" && word.globs.length > 0;
}

function matchesInside(wanted: Word, text: string, every: "." | "[^/]"): boolean {
  // A path that climbs is another path than the one that it begins like.
  if (every === "[^/]" && wanted.globs.length > 0 && /(?:^|\/)\.\.(?:\/|$)/.test(text)) return false;
  const source = wanted.text.replaceAll(/[\s\S]/g, (character, at: number) => {
    if (wanted.globs.includes(at)) return character === "*" ? `${every}*` : every;
    return character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
  });
  return new RegExp(`^${source}$`, every === "." ? "is" : "s").test(text);
}
