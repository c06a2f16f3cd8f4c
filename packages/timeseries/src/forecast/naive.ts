import type { Forecaster } from './forecaster.ts';

/** The last season again (for season 1: the last value); of several cycles the mean pattern, at the level of the last one. */
export class SeasonalNaive implements Forecaster {
  readonly name: string;
  readonly #values: Float64Array;
  readonly #season: number;
  readonly #cycles: number;

  constructor(name: string, values: Float64Array, season: number, cycles = 1) {
    this.name = name;
    this.#values = values;
    this.#season = season;
    this.#cycles = cycles;
  }

  forecastFrom(end: number, into: Float64Array): void {
    const values = this.#values;
    const season = this.#season;
    const cycles = Math.max(1, Math.min(this.#cycles, Math.floor(end / season)));
    const shown = Math.min(season, into.length);
    into.fill(0, 0, shown);
    let level = 0;
    for (let c = 1; c <= cycles; c++) {
      const from = Math.max(0, end - c * season);
      let mean = 0;
      if (cycles > 1) for (let p = 0; p < season; p++) mean += values[from + p]! / season;
      if (c === 1) level = mean;
      for (let h = 0; h < shown; h++) into[h]! += (values[from + h]! - mean) / cycles;
    }
    for (let h = 0; h < shown; h++) into[h]! += level;
    for (let h = season; h < into.length; h++) into[h] = into[h - season]!;
  }
}
