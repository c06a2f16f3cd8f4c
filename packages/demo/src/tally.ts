/** What one metric should show: the sum of its counters or gauges over all series, or how many observations it had and their sum. */
export interface Expected {
  readonly kind: 'sum' | 'observations';
  readonly sum: number;
  readonly count: number;
}

/** What the demo itself knows of its telemetry, counted apart from it: whoever shows something else is wrong. */
export class Tally {
  readonly #sums = new Map<string, number>();
  readonly #gauges = new Map<string, Map<string, number>>();
  readonly #observations = new Map<string, { count: number; sum: number }>();

  add(name: string, value = 1): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
  }

  set(name: string, series: readonly unknown[], value: number): void {
    let values = this.#gauges.get(name);
    if (values === undefined) this.#gauges.set(name, (values = new Map()));
    values.set(series.join('\0'), value);
  }

  observe(name: string, value: number): void {
    let seen = this.#observations.get(name);
    if (seen === undefined) this.#observations.set(name, (seen = { count: 0, sum: 0 }));
    seen.count++;
    seen.sum += value;
  }

  /** Every metric by name. */
  get expected(): ReadonlyMap<string, Expected> {
    const all = new Map<string, Expected>();
    for (const [name, sum] of this.#sums) all.set(name, { kind: 'sum', sum, count: 0 });
    for (const [name, values] of this.#gauges) {
      let sum = 0;
      for (const value of values.values()) sum += value;
      all.set(name, { kind: 'sum', sum, count: 0 });
    }
    for (const [name, { count, sum }] of this.#observations) all.set(name, { kind: 'observations', count, sum });
    return all;
  }
}
