/**
 * JSON as it is stored: what SQLite or PostgreSQL would silently change is refused here, and so is what could be written
 * but perhaps not read again.
 *
 * Owns: the `Json` type and the check that a value survives storing unchanged. NaN would become null, a lone surrogate
 * U+FFFD, a member named `__proto__` an object's prototype; and what is nested without end would be read on a stack that
 * has one.
 */
import { z } from "zod";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** How deep a value may be nested. Deeper than what anybody means, shallower than any stack. */
export const maximumDepth = 256;

/** A value that is the same after it has been written and read back as JSON. */
export const json: z.ZodType<Json> = z.unknown().superRefine((value, context) => {
  const found = findFlaw(value, 0);
  if (found !== undefined) context.addIssue({ code: "custom", message: found.flaw, path: [...found.path] });
  // A check does not narrow the type of what it has checked.
}) as z.ZodType<Json>;

interface Flaw {
  readonly flaw: string;
  readonly path: readonly (string | number)[];
}

const here = (flaw: string): Flaw => ({ flaw, path: [] });

/** What keeps the value from being JSON, and where; the first of it. */
function findFlaw(value: unknown, depth: number): Flaw | undefined {
  switch (typeof value) {
    case "string":
      return loneSurrogate.test(value) ? here(noText) : undefined;
    case "number":
      return Number.isFinite(value) ? undefined : here(`${value} is not JSON`);
    case "boolean":
      return undefined;
    case "object":
      if (value === null) return undefined;
      if (depth >= maximumDepth) return here(`is nested deeper than ${maximumDepth} levels`);
      return Array.isArray(value) ? flawInArray(value, depth) : flawInObject(value, depth);
    default:
      return here(`a value of type ${typeof value} is not JSON`);
  }
}

function flawInArray(items: readonly unknown[], depth: number): Flaw | undefined {
  for (let index = 0; index < items.length; index++) {
    const found = findFlaw(items[index], depth + 1);
    if (found !== undefined) return { ...found, path: [index, ...found.path] };
  }
  return undefined;
}

function flawInObject(value: object, depth: number): Flaw | undefined {
  if (!isPlain(value)) return here("is not a plain object");
  for (const [key, member] of Object.entries(value)) {
    if (key === "__proto__") return here("has a member named __proto__");
    if (loneSurrogate.test(key)) return here(`a member's name ${noText}`);
    const found = findFlaw(member, depth + 1);
    if (found !== undefined) return { ...found, path: [key, ...found.path] };
  }
  return undefined;
}

/** By its shape: an object that another realm made is as plain. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (typeof prototype === "object" && Object.hasOwn(prototype, "isPrototypeOf"));
}

const noText = "contains a lone surrogate, which is not text";
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Text without lone surrogates. */
export const wellFormedText = z.string().refine((text) => !loneSurrogate.test(text), noText);

/** Replaces each lone surrogate by U+FFFD, for text that must be kept though its author broke it (a tool's output). */
export function repairText(text: string): string {
  return loneSurrogate.test(text) ? text.replaceAll(new RegExp(loneSurrogate, "g"), "\uFFFD") : text;
}
