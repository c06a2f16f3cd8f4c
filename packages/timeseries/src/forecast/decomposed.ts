import type { Forecaster, LevelForecaster } from './forecaster.ts';
import { SeasonalProfile } from './seasonal-profile.ts';

/** The seasons as profiles, and methods without seasons for what is left when they are taken away. */
export class Decomposed {
  readonly methods: readonly Forecaster[];
  readonly #values: Float64Array;
  readonly #adjusted: Float64Array;
  readonly #profile: SeasonalProfile;
  readonly #forgetting: number;
  /** The origin for which `#adjusted` was made. */
  #end = -1;

  /** `make` fits methods to the adjusted values; they share one decomposition for each origin. */
  constructor(
    values: Float64Array,
    seasons: readonly number[],
    forgetting: number,
    make: (adjusted: Float64Array) => readonly LevelForecaster[],
  ) {
    this.#values = values;
    this.#forgetting = forgetting;
    this.#adjusted = new Float64Array(values.length);
    this.#profile = new SeasonalProfile(seasons, values.length);
    this.#adjust(values.length);
    const inner = make(this.#adjusted);
    this.methods = inner.map((method) => ({
      name: method.name,
      forecastFrom: (end, into) => {
        if (this.#end !== end) {
          this.#adjust(end);
          for (const other of inner) other.restate(end);
        }
        method.forecastFrom(end, into);
        for (let h = 0; h < into.length; h++) into[h]! += this.#profile.at(end + h);
      },
    }));
  }

  #adjust(end: number): void {
    this.#end = end;
    this.#profile.learn(this.#values, end, this.#forgetting);
    this.#profile.adjust(this.#values, end, this.#adjusted);
  }
}
