import { PipelineError } from '@millrace/api';
import type { LabelMatcher, MetricMetadata, MetricSource, SeriesExemplars, SeriesSamples, SeriesSelection } from '@millrace/api';
import type { FlatLabels } from './matcher.ts';
import type { Reader, ReadSelection, SeriesRollup } from './reader.ts';
import type { seriesKinds } from './rollup.ts';

type Ask = (name: string, values: readonly unknown[]) => Promise<unknown>;
type Labels = SeriesSamples['labels'];

/** The samples of a series of a store. */
export interface StoredSamples extends SeriesSamples {
  readonly kind: keyof typeof seriesKinds;
}

/** The metrics of a store: asks its reader, part by part. */
export class HistoryMetrics implements MetricSource {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async *select(selection: SeriesSelection): AsyncGenerator<StoredSamples, void> {
    const { signal } = selection;
    const cursor = await this.#call<number>(signal, 'select', [readable(selection)]);
    let done = false;
    try {
      // The next part is read while this one is worked on.
      let next: Promise<ReturnType<Reader['next']>> | undefined = this.#call(signal, 'next', [cursor]);
      while (next !== undefined) {
        const answer: ReturnType<Reader['next']> = await next;
        ({ done } = answer);
        next = done ? undefined : this.#call(signal, 'next', [cursor]);
        next?.catch(() => undefined);
        for (const { labels, kind, times, values, histograms } of answer.parts) {
          yield { labels: pairs(labels), kind, timestampsMs: times, values, ...(histograms !== undefined && { histograms }) };
        }
      }
    } finally {
      if (!done) await this.#ask('cancel', [cursor]).catch(() => undefined);
    }
  }

  /** The rollups of series by the longest of 1 minute, 5 minutes, 1 hour and 1 day that is at most `stepMs` (default: 1 minute), in the order of their labels. */
  async rollups(selection: SeriesSelection): Promise<readonly SeriesRollup[]> {
    return this.#call(selection.signal, 'rollups', [readable(selection)]);
  }

  async series(selectors: readonly (readonly LabelMatcher[])[], startMs: number, endMs: number): Promise<readonly Labels[]> {
    return (await this.#call<FlatLabels[]>(undefined, 'series', [selectors, startMs, endMs])).map(pairs);
  }

  async metadata(metric?: string): Promise<ReadonlyMap<string, MetricMetadata>> {
    const rows = await this.#call<(MetricMetadata & { readonly name: string })[]>(undefined, 'metadata', [metric]);
    return new Map(rows.map(({ name, type, help, unit }) => [name, { type, help, unit }]));
  }

  async exemplars(selection: SeriesSelection): Promise<readonly SeriesExemplars[]> {
    const found = await this.#call<ReturnType<Reader['exemplars']>>(selection.signal, 'exemplars', [readable(selection)]);
    return found.map(({ labels, exemplars }) => ({
      labels: pairs(labels),
      exemplars: exemplars.map((exemplar) => ({ ...exemplar, labels: pairs(exemplar.labels) })),
    }));
  }

  async #call<T>(signal: AbortSignal | undefined, name: string, values: readonly unknown[]): Promise<T> {
    if (signal?.aborted === true) throw new PipelineError('the reading was aborted', { kind: 'permanent', cause: signal.reason });
    return (await this.#ask(name, values)) as T;
  }
}

/** What can be sent to a thread. */
function readable({ matchers, startMs, endMs, stepMs }: SeriesSelection): ReadSelection {
  return {
    matchers: matchers.map(({ name, operator, value }) => ({ name, operator, value })),
    startMs,
    endMs,
    ...(stepMs !== undefined && { stepMs }),
  };
}

function pairs(flat: FlatLabels): Labels {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[i * 2]!, flat[i * 2 + 1]!]);
}
