const meanStride = 256;

/** What measuring adds to what it measures, in milliseconds. */
const overheadMs = Math.min(
  ...Array.from({ length: 100 }, () => {
    const start = performance.now();
    return performance.now() - start;
  }),
);

/** Estimates the time that many short calls take from a few of them, chosen at random so that no rhythm of the data shows. */
export class CallTimer {
  /** To be counted down by each call; the one that makes it 0 is measured and given to `sample`. */
  untilSample = 1;
  #stride = 1;
  #calls = 0;
  #samples = 0;
  #sampledMs = 0;

  /** Takes the duration of a measured call and chooses the next one. */
  sample(durationMs: number): void {
    this.#calls += this.#stride;
    this.#samples++;
    this.#sampledMs += Math.max(durationMs - overheadMs, 0);
    this.#stride = this.untilSample = 1 + Math.floor(Math.random() * (2 * meanStride - 1));
  }

  /** The estimate for all calls so far. */
  get seconds(): number {
    return this.#samples === 0 ? 0 : (this.#sampledMs * ((this.#calls + this.#stride - this.untilSample) / this.#samples)) / 1000;
  }
}
