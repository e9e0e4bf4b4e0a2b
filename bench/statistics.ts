/** Arithmetic on measured times. */

/** @throws RangeError if there is nothing to take it of */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values to take the median of");
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** How many times as long one took as another. */
export interface Ratio {
  /** Of the medians. */
  readonly ratio: number;
  /** The smallest and the largest of the ratios round by round: what is between them may be chance. */
  readonly low: number;
  readonly high: number;
}

/** @param reference Of the same rounds, in the same order; rounds that only one has are left out of the spread. */
export function ratioOf(seconds: readonly number[], reference: readonly number[]): Ratio {
  const rounds = Math.min(seconds.length, reference.length);
  const paired = seconds.slice(0, rounds).map((one, round) => one / (reference[round] ?? Number.NaN));
  return { ratio: median(seconds) / median(reference), low: Math.min(...paired), high: Math.max(...paired) };
}

/**
 * The power with which the time grew between two sizes: 1 is linear, 2 quadratic.
 */
export function growthExponent(
  from: { readonly files: number; readonly seconds: number },
  to: { readonly files: number; readonly seconds: number },
): number {
  return Math.log(to.seconds / from.seconds) / Math.log(to.files / from.files);
}
