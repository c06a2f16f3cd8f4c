import type { MetricSource } from '@millrace/api';
import { Annotations } from './annotations.ts';
import { QueryError } from './query-error.ts';

/** The times at which an expression is evaluated. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** What one query has, knows and may use. */
export interface RunOptions {
  readonly source: MetricSource;
  /** Of the whole query: what `start()` and `end()` mean. */
  readonly startMs: number;
  readonly endMs: number;
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
  readonly samplesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const sliceMs = 10;

/** One query while it runs. */
export class Run {
  readonly options: RunOptions;
  readonly annotations: Annotations = new Annotations();
  readonly #controller = new AbortController();
  readonly #abort = (): void => this.#controller.abort();
  readonly #timer: NodeJS.Timeout;
  readonly #deadline: number;
  #samples = 0;
  #sliceEnd: number;

  constructor(options: RunOptions) {
    this.options = options;
    this.#timer = setTimeout(this.#abort, options.timeoutMs);
    if (options.signal?.aborted === true) this.#abort();
    options.signal?.addEventListener('abort', this.#abort);
    this.#deadline = performance.now() + options.timeoutMs;
    this.#sliceEnd = performance.now() + sliceMs;
  }

  /** Aborted when the query was given up or has used its time; for the source. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The query has ended, however it did. */
  end(): void {
    clearTimeout(this.#timer);
    this.options.signal?.removeEventListener('abort', this.#abort);
  }

  /** Samples that are held now; one histogram counts as several. */
  get samples(): number {
    return this.#samples;
  }

  /** Counts samples that are going to be held, room for each step of a series included; throws when they are too many. */
  charge(samples: number): void {
    this.#samples += samples;
    if (this.#samples > this.options.samplesMax) {
      throw new QueryError('execution', 'query processing would load too many samples into memory in query execution');
    }
  }

  /** Back to what was held before, plus what is kept. */
  settle(before: number, kept: number): void {
    this.#samples = before + kept;
  }

  /** Throws when the query was given up or has used its time. */
  check(): void {
    if (this.options.signal?.aborted === true) throw new QueryError('canceled', 'query was canceled in expression evaluation');
    if (performance.now() >= this.#deadline || this.signal.aborted)
      throw new QueryError('timeout', 'query timed out in expression evaluation');
  }

  /** Checks, and lets others run when this one did for long enough. */
  async breathe(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return;
    this.check();
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceEnd = performance.now() + sliceMs;
  }
}
