/**
 * A command line read strictly: either it is one program with plain words, or it is not simple and a person decides.
 *
 * Owns: the small part of bash's grammar that is believed: words of literal characters, both kinds of quotes, backslashes,
 * and `*` and `?` in arguments. Everything else is not simple, known or not. Does not own: which commands may run
 * (`rules.ts`).
 *
 * Invariants
 * 1. What isn't understood is not simple. There is no default case that lets a character through with a meaning of its own.
 * 2. A simple command is run as `canonical` writes it: each word quoted anew, by `exec`, which runs programs only and no
 *    builtin, alias or function. So what a rule has seen is what runs, even where bash would have read the text otherwise.
 */

/** One word. `text` has the quotes removed; `globs` are the places in it of `*` and `?` that bash expands. */
export interface Word {
  readonly text: string;
  readonly globs: readonly number[];
  /** Whether any of it was quoted or escaped. */
  readonly quoted: boolean;
}

export type CommandLine =
  | { readonly kind: "simple"; readonly words: readonly Word[] }
  /** `commands`: those that could be told apart before what isn't understood; for refusing only, never for allowing. */
  | { readonly kind: "complex"; readonly why: string; readonly commands: readonly (readonly Word[])[] };

const longest = 8_000;

/** What bash reads as grammar where a command begins. */
const keywords = new Set(
  "if then else elif fi for while until do done case esac select function time coproc in ! [[ ]] { } [".split(
    " ",
  ),
);

export function isKeyword(word: string): boolean {
  return keywords.has(word);
}

/** Builtins that change the shell, run other words, or evaluate them; as programs they don't exist. */
const builtins = new Set(
  ". : alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown enable eval exec exit export fc fg getopts hash history jobs let local logout mapfile popd pushd read readarray readonly return set shift shopt source suspend times trap type typeset ulimit umask unalias unset wait".split(
    " ",
  ),
);

/** Reads a command line. Never throws. */
export function parseCommandLine(text: string): CommandLine {
  const { commands, why } = read(text);
  const complex = (reason: string): CommandLine => ({ kind: "complex", why: reason, commands });
  if (why !== undefined) return complex(why);
  const [words = []] = commands;
  const [program] = words;
  if (program === undefined) return complex("there is no command in it");
  if (program.quoted) return complex("the name of its program is quoted");
  if (program.globs.length > 0) return complex("the name of its program is a pattern");
  if (program.text.includes("=")) return complex("it begins with an assignment");
  if (keywords.has(program.text)) return complex(`it begins with the keyword ${program.text}`);
  if (builtins.has(program.text)) return complex(`${program.text} works inside the shell only`);
  if (!/^[\w./][\w.+/-]*$/.test(program.text))
    return complex("the name of its program has unusual characters");
  return { kind: "simple", words };
}

/** The line that runs exactly these words. */
export function canonical(words: readonly Word[]): string {
  return `exec ${words.map(quote).join(" ")}`;
}

function quote({ text, globs }: Word): string {
  const pieces: string[] = [];
  let from = 0;
  for (const at of [...globs, text.length]) {
    if (at > from || text === "") pieces.push(`'${text.slice(from, at).replaceAll("'", `'\\''`)}'`);
    pieces.push(text.slice(at, at + 1));
    from = at + 1;
  }
  return pieces.join("");
}

class Reading {
  readonly depth: number;
  readonly commands: Word[][] = [];
  why: string | undefined;
  #words: Word[] = [];
  #text: string | undefined;
  #globs: number[] = [];
  #quoted = false;
  /** The next word is where something is redirected to or from, and none of the command's. */
  #aside = false;

  constructor(depth: number) {
    this.depth = depth;
  }

  get inWord(): boolean {
    return this.#text !== undefined;
  }

  get last(): string | undefined {
    return this.#text?.at(-1);
  }

  add(text: string, quoted: boolean): void {
    this.#text = (this.#text ?? "") + text;
    this.#quoted ||= quoted;
  }

  glob(character: string): void {
    this.#globs.push(this.#text?.length ?? 0);
    this.add(character, false);
  }

  endWord(): void {
    if (this.#text !== undefined && !this.#aside)
      this.#words.push({ text: this.#text, globs: this.#globs, quoted: this.#quoted });
    if (this.#text !== undefined) this.#aside = false;
    [this.#text, this.#globs, this.#quoted] = [undefined, [], false];
  }

  endCommand(): void {
    this.endWord();
    if (this.#words.length > 0) this.commands.push(this.#words);
    [this.#words, this.#aside] = [[], false];
  }

  /** A number before it says which descriptor is meant. */
  redirect(): void {
    if (/^\d+$/.test(this.#text ?? "")) this.#aside = true;
    this.endWord();
    this.#aside = true;
  }

  /** The first reason stays. */
  trouble(why: string): void {
    this.why ??= why;
  }
}

const separators: Readonly<Record<string, string>> = {
  ";": "it has several commands",
  "&": "it has several commands, or one in the background",
  "|": "it pipes one command into another",
  "\n": "it has several lines",
};

const forbidden: Readonly<Record<string, string>> = {
  $: "it substitutes something ($)",
  "`": "it substitutes a command (`)",
  "(": "it has a subshell or a function",
  ")": "it has a subshell or a function",
  "<": "it redirects its input",
  ">": "it redirects its output",
  "{": "it has a group or braces that expand",
  "}": "it has a group or braces that expand",
  "[": "it has a pattern with brackets",
  "]": "it has a pattern with brackets",
};

/** Substitutions within substitutions that are looked into. */
const deepest = 3;

function read(text: string, depth = 0): Reading {
  const reading = new Reading(depth);
  if (text.length > longest) {
    reading.trouble("it is very long");
    return reading;
  }
  // What a person would not see, and what a terminal or a shell might take for something else.
  if (/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u.test(text))
    reading.trouble("it contains characters that can't be seen");
  for (let at = 0; at < text.length;) at = step(text, at, reading);
  reading.endCommand();
  return reading;
}

/** Reads one character, or one quoted part; answers where it goes on. */
function step(text: string, at: number, reading: Reading): number {
  const character = text.charAt(at);
  const separator = separators[character];
  const why = forbidden[character];
  if (separator !== undefined) {
    reading.trouble(separator);
    reading.endCommand();
  } else if (why !== undefined) {
    reading.trouble(why);
    if (character !== "<" && character !== ">") reading.endCommand();
    else {
      reading.redirect();
      return at + (/^[<>][<>&|]*/.exec(text.slice(at, at + 4))?.[0].length ?? 1);
    }
  } else if (character === " " || character === "\t") reading.endWord();
  else if (character === "'") return singleQuoted(text, at, reading);
  else if (character === '"') return doubleQuoted(text, at, reading);
  else if (character === "\\") {
    const joins = at + 1 === text.length || text[at + 1] === "\n";
    if (joins) reading.trouble("it ends a line with a backslash");
    else reading.add(text.slice(at + 1, at + 2), true);
    return at + 2;
  } else if (character === "*" || character === "?") reading.glob(character);
  else if (character === "#" && !reading.inWord) {
    reading.trouble("it has a comment");
    const end = text.indexOf("\n", at);
    return end === -1 ? text.length : end;
  } else if (character === "~" && (!reading.inWord || reading.last === "=" || reading.last === ":")) {
    reading.trouble("it names a home folder (~)");
    reading.add(character, false);
  } else reading.add(character, false);
  return at + 1;
}

function singleQuoted(text: string, at: number, reading: Reading): number {
  const end = text.indexOf("'", at + 1);
  if (end === -1) {
    reading.trouble("it has a quote without an end");
    return text.length;
  }
  reading.add(text.slice(at + 1, end), true);
  return end + 1;
}

function doubleQuoted(text: string, at: number, reading: Reading): number {
  reading.add("", true);
  for (let next = at + 1; next < text.length; next++) {
    const character = text.charAt(next);
    if (character === '"') return next + 1;
    if (character === "$" || character === "`") {
      // What is substituted in quotes is a command all the same.
      const runs = character === "`" || text[next + 1] === "(";
      if (runs && reading.why === undefined && reading.depth < deepest)
        reading.commands.push(...read(text.slice(next + 1), reading.depth + 1).commands);
      reading.trouble(forbidden[character] ?? "");
    }
    if (character === "\\" && /["\\$`\n]/.test(text.charAt(next + 1))) {
      next++;
      if (text[next] === "\n") {
        reading.trouble("it ends a line with a backslash");
        continue;
      }
    }
    reading.add(text.charAt(next), true);
  }
  reading.trouble("it has a quote without an end");
  return text.length;
}
