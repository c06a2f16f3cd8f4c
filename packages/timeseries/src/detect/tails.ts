/** The share of points over the threshold of a tail, and how many points the threshold remembers. */
const overShare = 0.05;
const memory = 4000;
const memoryAtStart = 40;
/** How many peaks the mean of peaks starts with and remembers; a peak counts up to so many means, so that an anomaly does not become usual at once. */
const peaksAtStart = 6;
const peaksMemory = 100;
const clippedPeak = 6;
const minThreshold = Math.exp(0.1);
const maxThreshold = 1e30;

/** Numbers of a tail: 1 and the threshold, mean of peaks over it, rate of runs over it, peak of the run under way, number of peaks. */
const stride = 5;

/**
 * Upper tails of streams, each learned as runs over a threshold (SPOT: Siffer, Fouque, Termier and Largouet, 2017): the threshold follows the 95 % quantile by
 * stochastic approximation, a run over it counts once, by its peak (declustering: Leadbetter, 1991). Peaks are taken as exponential in the logarithm
 * of 1 and the size: the Hill (1975) estimate of a tail, which heavy ones need and which is careful with light ones. All state is in `numbers`, 20 bytes a tail.
 */
export class Tails {
  readonly numbers: Float32Array;
  readonly #minMean: Float32Array;

  /** One tail for each smallest allowed mean of its peaks. */
  constructor(minMean: readonly number[]) {
    this.#minMean = Float32Array.from(minMean);
    const numbers = new Float32Array(minMean.length * stride);
    this.numbers = numbers;
    for (let at = 0; at < numbers.length; at += stride) {
      numbers[at] = Math.exp(1.2);
      numbers[at + 1] = 0.25;
      numbers[at + 2] = 0.02;
    }
  }

  /**
   * Writes for the size of each tail, 0 or more, how often, per point, a run as high begins: 1 when it is not over the threshold. Then learns the sizes, after
   * so many points. A logarithm is taken only over the threshold, in one of twenty points.
   */
  add(points: number, sizes: Float64Array, rates: Float64Array): void {
    const { numbers } = this;
    const thresholdRate = Math.max(1 / (points + memoryAtStart), 1 / memory);
    const runRate = Math.max(1 / (points + 100), 1 / memory);
    for (let tail = 0, at = 0; at < numbers.length; tail++, at += stride) {
      const size = sizes[tail];
      const threshold = numbers[at];
      const mean = numbers[at + 1];
      const rate = numbers[at + 2];
      const peak = numbers[at + 3];
      numbers[at + 2] = rate - rate * runRate;
      if (1 + size <= threshold) {
        if (peak > 0) this.#end(at, tail, Math.min(peak, clippedPeak * mean));
        numbers[at] = Math.max(minThreshold, threshold - threshold * mean * thresholdRate);
        rates[tail] = 1;
        continue;
      }
      const over = Math.log((1 + size) / threshold);
      if (peak === 0) numbers[at + 2] += runRate;
      if (over > peak) numbers[at + 3] = over;
      const step = Math.min(0.05, (mean / overShare) * thresholdRate * (1 - overShare));
      numbers[at] = Math.min(maxThreshold, threshold + threshold * step);
      rates[tail] = rate * Math.exp(-over / mean);
    }
  }

  /** The size that begins a run with this rate. */
  reach(tail: number, rate: number): number {
    const at = tail * stride;
    return this.numbers[at] * Math.exp(this.numbers[at + 1] * Math.max(0, Math.log(this.numbers[at + 2] / rate))) - 1;
  }

  #end(at: number, tail: number, peak: number): void {
    const { numbers } = this;
    numbers[at + 3] = 0;
    if (numbers[at + 4] < peaksMemory) numbers[at + 4]++;
    const rate = Math.max(1 / (numbers[at + 4] + peaksAtStart), 1 / peaksMemory);
    numbers[at + 1] = Math.max(this.#minMean[tail], numbers[at + 1] + rate * (peak - numbers[at + 1]));
  }
}
