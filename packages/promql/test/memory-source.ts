import type { LabelMatcher, MetricMetadata, MetricSource, SeriesExemplars, SeriesSamples, SeriesSelection } from '@millrace/api';
import { Regex } from '@millrace/regex';

type Labels = SeriesSamples['labels'];

/** Metrics in memory. */
export class MemorySource implements MetricSource {
  readonly all: readonly SeriesSamples[];
  readonly known: ReadonlyMap<string, MetricMetadata>;
  readonly examples: readonly SeriesExemplars[];
  /** What was selected. */
  readonly selections: SeriesSelection[] = [];

  constructor(
    all: readonly SeriesSamples[],
    known: ReadonlyMap<string, MetricMetadata> = new Map(),
    examples: readonly SeriesExemplars[] = [],
  ) {
    this.all = all;
    this.known = known;
    this.examples = examples;
  }

  async *select(selection: SeriesSelection): AsyncGenerator<SeriesSamples> {
    this.selections.push(selection);
    const matches = matcher(selection.matchers);
    const { startMs, endMs } = selection;
    for (const { labels, timestampsMs, values, histograms } of this.all) {
      if (!matches(labels)) continue;
      const from = timestampsMs.findIndex((time) => time >= startMs);
      const after = timestampsMs.findLastIndex((time) => time <= endMs) + 1;
      if (from < 0 || from >= after) continue;
      const part = { labels, timestampsMs: timestampsMs.subarray(from, after), values: values.subarray(from, after) };
      yield histograms === undefined ? part : { ...part, histograms: histograms.slice(from, after) };
    }
  }

  series(selectors: readonly (readonly LabelMatcher[])[], startMs: number, endMs: number): Promise<Labels[]> {
    const matches = selectors.map(matcher);
    return Promise.resolve(
      this.all
        .filter(({ timestampsMs }) => timestampsMs.some((time) => time >= startMs && time <= endMs))
        .map(({ labels }) => labels)
        .filter((labels) => matches.length === 0 || matches.some((match) => match(labels))),
    );
  }

  metadata(metric?: string): Promise<ReadonlyMap<string, MetricMetadata>> {
    return Promise.resolve(new Map([...this.known].filter(([name]) => metric === undefined || name === metric)));
  }

  exemplars({ matchers, startMs, endMs }: SeriesSelection): Promise<SeriesExemplars[]> {
    const matches = matcher(matchers);
    return Promise.resolve(
      this.examples
        .filter(({ labels }) => matches(labels))
        .map(({ labels, exemplars }) => ({
          labels,
          exemplars: exemplars.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs),
        }))
        .filter(({ exemplars }) => exemplars.length > 0),
    );
  }
}

function matcher(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ name, operator, value }) => {
    const regex = operator.endsWith('~') ? new Regex(value, { whole: true }) : undefined;
    const wanted = !operator.startsWith('!');
    return (labels: Labels): boolean => {
      const actual = labels.find((label) => label[0] === name)?.[1] ?? '';
      return (regex === undefined ? actual === value : regex.test(actual)) === wanted;
    };
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Labels from an object, sorted by name. */
export function labelsOf(labels: Readonly<Record<string, string>>): Labels {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A staleness marker at an index. */
export function markStale(values: Float64Array, index: number): void {
  new BigUint64Array(values.buffer, values.byteOffset, values.length)[index] = 0x7ff0000000000002n;
}
