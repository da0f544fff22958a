/**
 * What tasks, entries, events and texts look like outside of this process: configured fields and known secrets masked,
 * and what only the provider of a model can read left out. The log keeps what was said; tools get it; people and other
 * programs see this.
 *
 * Not owned: what a model says in its own words. A model that repeats its instructions in its answer has said them.
 */
import type { TaskEvent } from "../protocol/event.ts";
import type { Answer } from "../protocol/input.ts";
import { json as jsonShape, type Json } from "../protocol/json.ts";
import { hiddenFields } from "./fields.ts";
import { knownSecrets, mask } from "./known-secrets.ts";
import { maskDeltas } from "./mask-deltas.ts";
import { streamedMembers } from "./streamed-members.ts";

export interface Redactor {
  /** A task, an entry or anything made of them: the same object where there is nothing to hide. */
  readonly record: <T>(record: T) => T;
  readonly text: (text: string) => string;
  /**
   * A function for all events that a process publishes, in their order: deltas have known secrets masked; undefined: held
   * back for now. Entries are left as they are, because steps of this process read them too.
   */
  readonly published: () => (event: TaskEvent) => TaskEvent | undefined;
  /** What a person meant who edited arguments that were shown to them masked: what they left as it was means what it was. */
  readonly restore: (answer: Answer, asked: Json | undefined) => Answer;
}

/** Members that hold values of tools and people, in which fields are looked for. */
const values = new Set(["arguments", "value"]);
/** Bytes, and what only its provider can read. */
const skipped = new Set(["data", "native"]);

/** `fields`: names and paths, as in the configuration. `secrets`: values. Throws INVALID_INPUT for a wrong path. */
export function createRedactor({
  fields = [],
  secrets = [],
}: {
  readonly fields?: readonly string[];
  readonly secrets?: readonly string[];
}): Redactor {
  const hidden = hiddenFields(fields);
  const known = knownSecrets(secrets);

  const hide = (text: string, found: ReadonlySet<string>): string => {
    let clean = text;
    for (const value of found) clean = clean.replaceAll(value, mask);
    return known.hide(clean);
  };

  function record<T>(given: T): T {
    const found = new Set<string>();
    const shown = withoutFields(given, found);
    // Shape is kept: only strings and hidden members differ.
    return eachText(shown, (text) => hide(text, found)) as T;
  }

  function withoutFields(value: unknown, found: Set<string>): unknown {
    if (typeof value === "string") return hidden.inText(value, found);
    return changed(value, (member, name) => {
      if (name === "native") return undefined;
      if (skipped.has(name)) return member;
      return values.has(name) && typeof member === "object"
        ? hidden.inValue(member, found)
        : withoutFields(member, found);
    });
  }

  return {
    record,
    text: (text) => known.hide(text),
    published: () => maskDeltas(known, streamedMembers(hidden.names)),
    restore(answer, asked) {
      if (answer.decision !== "approve" || answer.arguments === undefined || asked === undefined)
        return answer;
      const { arguments: shown } = record({ arguments: asked });
      return { ...answer, arguments: jsonShape.parse(unmasked(answer.arguments, shown, asked)) };
    },
  };
}

/** The edited value, with the original wherever it still is what was shown of that. */
function unmasked(edited: unknown, shown: unknown, original: unknown): unknown {
  if (edited === shown) return original;
  if (Array.isArray(edited) && Array.isArray(shown) && Array.isArray(original))
    return edited.map((item: unknown, index) => unmasked(item, shown[index], original[index]));
  if (!isObject(edited) || !isObject(shown) || !isObject(original)) return edited;
  return Object.fromEntries(
    Object.entries(edited).map(([name, member]) => [name, unmasked(member, shown[name], original[name])]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every text in it, at any depth, made into what `show` says; the same object where nothing differs. */
function eachText(value: unknown, show: (text: string) => string): unknown {
  if (typeof value === "string") return show(value);
  return changed(value, (member, name) => (skipped.has(name) ? member : eachText(member, show)));
}

/** The array or object with its members changed; members that become undefined are left out. */
export function changed(value: unknown, change: (member: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => change(item, ""));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (typeof value !== "object" || value === null) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, member] of Object.entries(value)) {
    const after = change(member, name);
    if (after === member) continue;
    copy ??= { ...value };
    if (after === undefined) delete copy[name];
    else copy[name] = after;
  }
  return copy ?? value;
}
