const stepMs = 30_000;
const steps = 10;

/** Means over the last five minutes, in steps of half a minute, by series: what gauges over a rolling window should show. */
export class Recent {
  readonly #values = new Map<string, { step: number; value: number }[]>();
  #latest = 0;

  add(series: readonly string[], value: number, unixMs: number): void {
    const name = series.join('\0');
    let values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, (values = []));
    const step = Math.floor(unixMs / stepMs);
    this.#latest = Math.max(this.#latest, step);
    if (step > this.#latest - steps) values.push({ step, value });
    // Seldom, so that a value costs little.
    if (values.length % 1024 === 0)
      this.#values.set(
        name,
        values.filter((entry) => entry.step > this.#latest - steps),
      );
  }

  /** The mean of each series that had a value in the window. */
  *means(): Generator<[series: string, mean: number]> {
    for (const [name, values] of this.#values) {
      const recent = values.filter((entry) => entry.step > this.#latest - steps);
      if (recent.length > 0) yield [name, recent.reduce((sum, { value }) => sum + value, 0) / recent.length];
    }
  }
}
