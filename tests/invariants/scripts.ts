/** What models say in these tests. */
import type { Json } from "omniforge/protocol";
import type { Script } from "omniforge/testing";

/** Asks for this many calls of a tool in turn 1 (arguments `{ n: 0 }`, `{ n: 1 }` …), then answers. */
export function acting(count: number, name = "act"): Script {
  const calls = Array.from({ length: count }, (_, n) => ({ name, arguments: { n } }));
  return ({ turn }) => (turn === 1 ? { calls } : { text: "Done." });
}

/** Asks for these calls in turn 1, then answers. */
export function asking(...calls: readonly { readonly name: string; readonly arguments?: Json }[]): Script {
  return ({ turn }) => (turn === 1 ? { calls } : { text: "Done." });
}

/** Acts in every turn. */
export const tireless: Script = () => ({ calls: [{ name: "act", arguments: {} }] });

export const answering: Script = () => ({ text: "Done." });
