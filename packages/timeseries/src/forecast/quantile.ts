/** The quantile of ascending values, linear between neighbours; NaN of none. */
export function quantileOf(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) return Number.NaN;
  const at = Math.min(ascending.length - 1, Math.max(0, share * (ascending.length - 1)));
  const below = Math.floor(at);
  const above = Math.min(ascending.length - 1, below + 1);
  return ascending[below]! + (ascending[above]! - ascending[below]!) * (at - below);
}

/** The median of a copy. */
export const medianOf = (values: Float64Array): number => quantileOf(values.slice().sort(), 0.5);
