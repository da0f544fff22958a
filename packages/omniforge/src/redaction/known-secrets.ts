/**
 * Secrets by their values and by their looks: text that must not leave this process, wherever it turns up – in a
 * provider's error, a tool's result, or an answer.
 *
 * Known by value: what the environment holds under names like API_KEY, and what providers were given. Known by looks: keys
 * of the forms that are in use, and bearer credentials.
 */

/** What stands in a secret's place. */
export const mask = "[redacted]";

/** Shorter values are words of any text. */
const shortest = 8;
const secretName =
  /(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|AUTH)(?:_|$)/i;

/** The one that has lines. */
const keyBegin = "-----BEGIN";
const unfinishedKey = /-----BEGIN(?![\s\S]*-----END[A-Z ]*-----)/;

/** By looks. Each begins with what is written out first, which is what a stream is searched for. */
const looks: readonly { readonly begins: string; readonly form: string }[] = [
  { begins: "ofk_", form: "ofk_[0-9a-f]{16}_[0-9a-f]{64}" },
  { begins: "sk-", form: "sk-[\\w-]{16,}" },
  { begins: "AIza", form: "AIza[\\w-]{30,}" },
  { begins: "AKIA", form: "AKIA[0-9A-Z]{16}" },
  { begins: "ghp_", form: "ghp_[0-9A-Za-z]{30,}" },
  { begins: "github_pat_", form: "github_pat_\\w{30,}" },
  { begins: "xox", form: "xox[abposr]-[\\w-]{16,}" },
  { begins: "eyJ", form: "eyJ[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]{10,}" },
  {
    begins: "-----BEGIN",
    form: "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
  },
  { begins: "Bearer ", form: "Bearer +[\\w.~+/-]{16,}=*" },
  { begins: "bearer ", form: "bearer +[\\w.~+/-]{16,}=*" },
];

const noted = new Set<string>();

/** Notes a secret that this process was given other than by its environment: a provider's key, a header's value. */
export function noteSecret(value: string | undefined): void {
  if (value !== undefined && value.length >= shortest) noted.add(value);
}

/** The values that the environment holds under a secret's name. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.length >= shortest && secretName.test(name) ? [value] : [],
  );
}

export interface KnownSecrets {
  /** The text with each secret masked; a mask is always the same, or else what `maskOf` makes of the secret. */
  hide(text: string, maskOf?: (secret: string) => string): string;
  /** Where secrets stand. */
  places(text: string): readonly { readonly from: number; readonly to: number }[];
  /** Where, at the text's end, a secret may have begun; the text's length where none may. */
  openFrom(text: string): number;
}

/** These values, what was noted, and everything that looks like a secret. */
export function knownSecrets(values: readonly string[] = []): KnownSecrets {
  let known:
    | { readonly count: number; readonly values: readonly string[]; readonly pattern: RegExp }
    | undefined;
  const now = (): NonNullable<typeof known> => {
    if (known?.count === noted.size) return known;
    const all = [...new Set([...values, ...noted])].toSorted((one, other) => other.length - one.length);
    const forms = [...new Set(all.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]))].map(
      literal,
    );
    const pattern = new RegExp([...forms, ...looks.map(({ form }) => form)].join("|"), "g");
    return (known = { count: noted.size, values: all, pattern });
  };
  return {
    hide: (text, maskOf = () => mask) => text.replace(now().pattern, maskOf),
    places: (text) =>
      [...text.matchAll(now().pattern)].map(({ index, 0: { length } }) => ({
        from: index,
        to: index + length,
      })),
    openFrom(text) {
      const begins = looks.map((look) => look.begins);
      const byValue = now().values.map((value) => startedAt(text, value));
      return Math.min(text.length, ...byValue, ...begins.map((begin) => begunAt(text, begin)));
    },
  };
}

/** Where the text's end is the beginning of this value. */
function startedAt(text: string, value: string): number {
  for (let at = Math.max(0, text.length - value.length + 1); at < text.length; at++)
    if (value.startsWith(text.slice(at))) return at;
  return text.length;
}

/** Where a secret of this look has begun and may go on: its beginning stands in the last word, or half of it at the end. */
function begunAt(text: string, begin: string): number {
  if (begin === keyBegin) {
    const at = text.search(unfinishedKey);
    return at >= 0 ? at : startedAt(text, begin);
  }
  const lastWord = runBefore(text, text.length, /\S/);
  const from = begin.endsWith(" ") ? runBefore(text, runBefore(text, lastWord, /\s/), /\S/) : lastWord;
  const found = text.indexOf(begin, from);
  return found >= 0 ? found : startedAt(text, begin);
}

/** Where the run of such characters begins that ends here. By hand: a pattern at a text's end tries every beginning. */
function runBefore(text: string, end: number, character: RegExp): number {
  let at = end;
  while (at > 0 && character.test(text.charAt(at - 1))) at--;
  return at;
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
