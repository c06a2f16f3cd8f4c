/** The middle of some samples, and the bounds of its 95 % confidence interval, whatever their distribution is. */
export interface Middle {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** By the ranks of the sorted samples: a few bad moments of the machine change nothing. */
export function middle(samples: readonly number[]): Middle {
  const sorted = samples.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  const at = (rank: number): number => sorted[Math.min(last, Math.max(0, rank))]!;
  const half = 0.98 * Math.sqrt(sorted.length);
  return {
    median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2,
    low: at(Math.floor(sorted.length / 2 - half)),
    high: at(Math.ceil(sorted.length / 2 + half) - 1),
  };
}

/** How a table shows it: `1.2 ms (1.1 to 1.4)`. */
export function shown({ median, low, high }: Middle, unit: string, digits = 1): string {
  return `${median.toFixed(digits)} ${unit} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
