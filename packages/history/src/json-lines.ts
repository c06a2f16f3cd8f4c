import type { HistogramSample } from '@millrace/api';
import { histogramBytes } from './histogram-bytes.ts';
import type { HistoryStore } from './history-store.ts';
import { seriesKinds } from './rollup.ts';
import { wordsOf } from './samples.ts';

/** The words of the staleness marker. */
const staleLow = 2;
const staleHigh = 0x7ff0_0000;

/** So many points are imported at once. */
const pointsPerCommit = 100_000;

type Value = number | 'NaN' | 'Infinity' | '-Infinity' | 'stale' | HistogramSample;

interface SeriesLine {
  readonly metric: Readonly<Record<string, string>>;
  readonly kind?: keyof typeof seriesKinds;
  readonly timestamps: readonly number[];
  readonly values: readonly Value[];
}

interface MetadataLine {
  readonly metadata: { readonly name: string; readonly type: 'gauge'; readonly help: string; readonly unit: string };
}

/**
 * All stored metrics as lines of JSON: metadata, then a line for each series with its `metric` (labels), `timestamps` (in milliseconds) and
 * `values`, raw samples where there are any and the last ones of rollups before. What JSON has no number for is text: `NaN`, `Infinity`,
 * `-Infinity`, and `stale` for the staleness marker.
 */
export async function* exportLines(store: HistoryStore): AsyncGenerator<string, void> {
  for (const [name, metadata] of await store.metrics.metadata()) yield JSON.stringify({ metadata: { name, ...metadata } });
  const everything = { matchers: [{ name: '__name__', operator: '!=', value: '' }], startMs: 0, endMs: Number.MAX_SAFE_INTEGER } as const;
  for await (const { labels, kind, timestampsMs, values, histograms } of store.metrics.select(everything)) {
    const words = wordsOf(values as Float64Array<ArrayBuffer>);
    const line: SeriesLine = {
      metric: Object.fromEntries(labels),
      kind,
      timestamps: [...timestampsMs],
      values: Array.from(values, (value, i) => histograms?.[i] ?? jsonValue(value, words[i * 2]!, words[i * 2 + 1]!)),
    };
    yield JSON.stringify(line, (_, value: unknown) => (value instanceof Float64Array ? [...value] : value));
  }
}

/** Appends what `exportLines` wrote, as new points of those times; retention holds for them. Returns how many. Throws an Error that names the line when one is no such line. */
export async function importLines(store: HistoryStore, lines: AsyncIterable<string>): Promise<number> {
  const batch = store.batch();
  let number = 0;
  let points = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() === '') continue;
    let line: SeriesLine | MetadataLine;
    try {
      line = JSON.parse(text) as SeriesLine | MetadataLine;
      if ('metadata' in line) {
        batch.metadata(line.metadata);
        continue;
      }
      const handle = batch.series(Object.entries(line.metric), seriesKinds[line.kind ?? 'gauge']);
      for (const [i, timeMs] of line.timestamps.entries()) {
        if (!Number.isFinite(timeMs)) throw new Error(`"${timeMs}" is no time`);
        const value = line.values[i];
        if (value === 'stale') batch.points.addStale(handle, timeMs);
        else if (typeof value === 'object') batch.points.addHistogram(handle, timeMs, histogramBytes(value));
        else batch.points.add(handle, timeMs, Number(value));
      }
      batch.release(handle);
    } catch (error) {
      throw new Error(`line ${number} is not a line of an export: ${(error as Error).message}`, { cause: error });
    }
    points += line.timestamps.length;
    if (batch.size >= pointsPerCommit) await batch.commit();
  }
  await batch.commit();
  return points;
}

function jsonValue(value: number, low: number, high: number): Value {
  if (Number.isFinite(value)) return value;
  if (low === staleLow && high === staleHigh) return 'stale';
  return String(value) as 'NaN' | 'Infinity' | '-Infinity';
}
