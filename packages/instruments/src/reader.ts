import { expositionFormat } from '@millrace/prometheus-format';
import type { ExpositionFormat } from '@millrace/prometheus-format';
import type { Batch, BufferPool } from '@millrace/wire';
import { writeBatch } from './otlp.ts';
import type { Registry } from './registry.ts';
import type { Series } from './series.ts';
import { writeText } from './text.ts';

/** Whether points count since the begin of their series, or since the reader read last. Up-down counters are always cumulative. */
export type Temporality = 'cumulative' | 'delta';

/** Settings of a reader. */
export interface ReaderOptions {
  /** Of `batch`. Default cumulative. */
  readonly temporality?: Temporality;
}

/** Reads a registry, independently of its other readers. */
export class Reader {
  readonly temporality: Temporality;
  readonly #registry: Registry;
  readonly #close: () => void;
  /** With delta temporality: what each series had when it was read last. */
  readonly #last = new Map<Series, Series>();
  #lastMs: number;

  /** For `Registry` only. */
  constructor(registry: Registry, { temporality = 'cumulative' }: ReaderOptions, close: () => void) {
    this.temporality = temporality;
    this.#registry = registry;
    this.#close = close;
    this.#lastMs = registry.now();
  }

  /** All metrics in a format of Prometheus, text 0.0.4 unless another is given. Always cumulative. */
  text(format: ExpositionFormat = expositionFormat('text')): string {
    return Buffer.concat(this.chunks(format)).toString();
  }

  /** The same as bytes, in pieces: the body of an answer to a scrape. */
  chunks(format: ExpositionFormat): Buffer[] {
    return writeText(this.#registry.collect(), format, this.#registry.options.resource ?? {});
  }

  /** All metrics as an OTLP request of this temporality; undefined when there is nothing to say. The caller releases it. */
  batch(pool: BufferPool): Batch | undefined {
    const { resource = {}, scope = { name: '@millrace/instruments' } } = this.#registry.options;
    const streams = this.#registry.collect();
    const nowMs = this.#registry.now();
    const isDelta = this.temporality === 'delta';
    const startMs = this.#lastMs;
    this.#lastMs = nowMs;
    return writeBatch(streams, pool, {
      resource,
      scope,
      isDelta,
      nowMs,
      point: isDelta ? (series) => this.#difference(series) : (series) => series,
      startMs: isDelta ? (series) => Math.max(startMs, series.startMs) : (series) => series.startMs,
    });
  }

  /** For `Registry` only: a series is about to forget what it has given to another. */
  folded(series: Series, into: Series): void {
    const last = this.#last.get(series);
    if (last === undefined) return;
    this.#last.delete(series);
    let before = this.#last.get(into);
    if (before === undefined) {
      before = into.copy();
      before.clear();
      this.#last.set(into, before);
    }
    before.merge(last);
  }

  /** Ends it. */
  close(): void {
    this.#last.clear();
    this.#close();
  }

  #difference(series: Series): Series | undefined {
    const { kind } = series.stream.definition;
    if (kind === 'gauge' || kind === 'summary' || kind === 'updown') return series;
    const last = this.#last.get(series);
    const point = last === undefined ? series : series.since(last);
    if (point.isEmpty) return undefined;
    this.#last.set(series, series.copy());
    return point;
  }
}
