/** What detects anomalies in a whole series: 1 for each row that it says is one. */
export type Detect = (timestampsMs: Float64Array, values: Float64Array) => Uint8Array;

/** Says it once, then not again for a while: alarms of these methods last as long as the anomaly, and longer. */
class Refractory {
  readonly detected: Uint8Array;
  readonly #rows: number;
  #until = 0;

  constructor(rows: number) {
    this.detected = new Uint8Array(rows);
    this.#rows = Math.max(20, Math.floor(0.02 * rows));
  }

  say(row: number): void {
    if (row >= this.#until) this.detected[row] = 1;
    this.#until = row + this.#rows;
  }
}

/** A point further than `limit` standard deviations from the mean of the last `window` points. */
export function rollingZScore(limit: number, window = 100): Detect {
  return (_times, values) => {
    const alarm = new Refractory(values.length);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (i >= window) {
        const mean = sum / window;
        const deviation = Math.sqrt(Math.max(0, squares / window - mean * mean));
        if (Math.abs(value - mean) > limit * deviation + 1e-9 * Math.abs(mean)) alarm.say(i);
        const old = values[i - window]!;
        sum -= old;
        squares -= old * old;
      }
      sum += value;
      squares += value * value;
    }
    return alarm.detected;
  };
}

/** A point further than `limit` standard deviations from an exponentially weighted mean; both are weighted alike. */
export function ewma(limit: number, weight = 0.05): Detect {
  return (_times, values) => {
    const alarm = new Refractory(values.length);
    let mean = values[0] ?? 0;
    let variance = 0;
    for (let i = 1; i < values.length; i++) {
      const error = values[i]! - mean;
      if (Math.abs(error) > limit * Math.sqrt(variance) + 1e-9 * Math.abs(mean)) alarm.say(i);
      mean += weight * error;
      variance = (1 - weight) * (variance + weight * error * error);
    }
    return alarm.detected;
  };
}

/** A difference to the same time a day before of more than `limit` standard deviations of such differences in the last week. */
export function seasonalNaive(limit: number): Detect {
  return (times, values) => {
    const alarm = new Refractory(values.length);
    const stepMs = (times.at(-1)! - times[0]!) / Math.max(1, times.length - 1);
    const season = Math.max(1, Math.round(86_400_000 / stepMs));
    const weight = 1 / (7 * season);
    let variance = 0;
    for (let i = season; i < values.length; i++) {
      const error = values[i]! - values[i - season]!;
      if (i > 2 * season && Math.abs(error) > limit * Math.sqrt(variance) + 1e-9) alarm.say(i);
      variance += Math.max(weight, 1 / (i - season + 1)) * (error * error - variance);
    }
    return alarm.detected;
  };
}
