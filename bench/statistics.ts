/** Figures of noisy measurements: always a spread, never one number. */

/** The value below which this share of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** `min / median / max`. */
export function spread(values: readonly number[], digits = 2): string {
  return [Math.min(...values), median(values), Math.max(...values)]
    .map((value) => value.toFixed(digits))
    .join(" / ");
}

/** What lies between neighbours: the turns, from the moments at which they began. */
export function gaps(moments: readonly number[]): readonly number[] {
  return moments.slice(1).map((moment, index) => moment - (moments[index] ?? moment));
}

/** Milliseconds of a clock that all processes of this machine share, and that nobody sets. */
export const moment = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
