import type { DataPointView } from '@millrace/wire';

/** A sum of which one part is not known is not known. */
export function addOptional(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** Minimum and maximum since the first point; one that a point does not have is not known from then on. */
export class Extremes {
  #min: number | undefined;
  #max: number | undefined;

  constructor({ min, max }: DataPointView) {
    this.#min = min;
    this.#max = max;
  }

  /** Widens them by those of a point, before they were removed from it, and writes them into its fields. */
  add(
    { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
    point: DataPointView,
    minField: number,
    maxField: number,
  ): void {
    this.#min = this.#min === undefined || min === undefined ? undefined : Math.min(this.#min, min);
    this.#max = this.#max === undefined || max === undefined ? undefined : Math.max(this.#max, max);
    if (this.#min !== undefined) point.fields.setDouble(minField, this.#min);
    if (this.#max !== undefined) point.fields.setDouble(maxField, this.#max);
  }
}
