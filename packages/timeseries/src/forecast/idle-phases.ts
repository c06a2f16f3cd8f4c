/** Tells at which steps a series with such seasons rests at zero: where the last cycles were all zero at that phase, as shops are at night. */
export class IdlePhases {
  readonly #values: Float64Array;
  readonly #seasons: readonly number[];

  /** `values` are not negative. */
  constructor(values: Float64Array, seasons: readonly number[]) {
    this.#values = values;
    this.#seasons = seasons;
  }

  /** The share of zeros at the steps of the phases that do not rest now; 0 if all rest. */
  zerosElsewhere(): number {
    const season = this.#seasons[this.#seasons.length - 1] ?? 1;
    const size = this.#values.length;
    const busy = new Float64Array(season).fill(1);
    this.apply(size, busy);
    let zeros = 0;
    let count = 0;
    for (let t = size - 1; t >= 0; t--) {
      const phase = season - 1 - ((size - 1 - t) % season);
      if (busy[phase] === 0) continue;
      count++;
      if (this.#values[t] === 0) zeros++;
    }
    return count > 0 ? zeros / count : 0;
  }

  /** Sets to zero what rests, in forecasts of the steps from `end` on. */
  apply(end: number, forecasts: Float64Array): void {
    for (const season of this.#seasons) {
      const cycles = Math.min(7, Math.floor(end / season));
      if (cycles < 3) continue;
      for (let h = 0; h < forecasts.length; h++) {
        let at = end - season + (h % season);
        let cycle = 0;
        while (cycle < cycles && this.#values[at] === 0) {
          at -= season;
          cycle++;
        }
        if (cycle === cycles) forecasts[h] = 0;
      }
    }
  }
}
