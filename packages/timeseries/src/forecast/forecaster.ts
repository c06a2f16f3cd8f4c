/** A fitted method. It may have chosen its few parameters on the whole series; everything else comes from before the origin. */
export interface Forecaster {
  readonly name: string;
  /** Writes forecasts of the steps `end`, `end + 1`, ... as far as `into` reaches, from the first `end` values alone. `end` never falls from call to call. */
  forecastFrom(end: number, into: Float64Array): void;
}

/** A method without seasons, whose values may change under it. */
export interface LevelForecaster extends Forecaster {
  /** Takes up changed values, the first `end` of them, with the parameters as they are. */
  restate(end: number): void;
}
