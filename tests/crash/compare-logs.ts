/** Where two logs of one task differ under the published `normalise()`. */
import { isDeepStrictEqual } from "node:util";
import type { Entry } from "../../packages/omniforge/src/protocol/entry.ts";
import { normalise } from "../../packages/omniforge/src/testing/normalise.ts";

/** The first entry in which they differ, as a sentence; undefined where they are equal. */
export function difference(found: readonly Entry[], wanted: readonly Entry[]): string | undefined {
  const [left, right] = [normalise(found), normalise(wanted)];
  const longest = Math.max(left.length, right.length);
  const at = Array.from({ length: longest }, (_, index) => index).find(
    (index) => !isDeepStrictEqual(left[index], right[index]),
  );
  if (at === undefined) return undefined;
  return `entry ${at + 1}: ${JSON.stringify(left[at])} instead of ${JSON.stringify(right[at])}`;
}
