/** Numbers that look random and are the same for the same seed, so that a failing run can be had again. */
export interface Random {
  /** From 0 up to, not including, this. */
  below(limit: number): number;
  /** From 0 up to, not including, 1. */
  fraction(): number;
}

/** Mulberry32: small, and good enough to choose where to die. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { fraction, below: (limit) => Math.floor(fraction() * limit) };
}

/** The same items in an order of the seed's. */
export function shuffled<One>(items: readonly One[], random: Random): readonly One[] {
  const weighed = items.map((item) => ({ item, weight: random.below(2 ** 32) }));
  return weighed.toSorted((one, other) => one.weight - other.weight).map(({ item }) => item);
}

/** The seed that was given from outside, else one that nobody chose. Print it. */
export function chooseSeed(): number {
  const given = Number(process.env["CRASH_SEED"]);
  return Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1;
}
