/**
 * JSON as it is stored: what SQLite or PostgreSQL would silently change is refused here.
 *
 * Owns: the `Json` type and the check that a value survives storing unchanged. NaN would become null, a lone surrogate
 * U+FFFD; `undefined` members vanish, as in every JSON writer.
 */
import { z } from "zod";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A value that is the same after it has been written and read back as JSON. */
export const json: z.ZodType<Json> = z.lazy(() =>
  z.union([wellFormedText, z.number(), z.boolean(), z.null(), z.array(json), z.record(wellFormedText, json)]),
);

const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Text without lone surrogates. */
export const wellFormedText = z
  .string()
  .refine((text) => !loneSurrogate.test(text), "contains a lone surrogate, which is not text");

/** Replaces each lone surrogate by U+FFFD, for text that must be kept though its author broke it (a tool's output). */
export function repairText(text: string): string {
  return loneSurrogate.test(text) ? text.replaceAll(new RegExp(loneSurrogate, "g"), "\uFFFD") : text;
}
