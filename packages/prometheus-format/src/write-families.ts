import { ByteSink } from './byte-sink.ts';
import { createWriter } from './exposition-writer.ts';
import type { ExpositionOptions } from './exposition-writer.ts';
import { encodeLabels } from './labels.ts';
import type { MetricFamily } from './metric-family.ts';
import type { ExpositionFormat } from './negotiate.ts';

/**
 * Writes metrics in a format: the whole body of an answer to a scrape. Families and samples keep their order; families without samples are
 * left out, and so are values that do not fit the type of their family.
 */
export function writeFamilies(families: Iterable<MetricFamily>, format: ExpositionFormat, options: ExpositionOptions = {}): Buffer {
  const sink = new ByteSink();
  const writer = createWriter(format, sink, options);
  for (const family of families) {
    if (family.samples.length === 0) continue;
    writer.beginFamily(family);
    for (const { labels, value, exemplar, timestampMs = Number.NaN, createdMs = Number.NaN } of family.samples) {
      const encoded = encodeLabels(labels);
      const times = { timestampMs, createdMs };
      const isHistogram = family.type === 'histogram' || family.type === 'gaugehistogram';
      if (typeof value === 'number') {
        if (!isHistogram && family.type !== 'summary') writer.number(encoded, value, times, exemplar);
      } else if ('bounds' in value) {
        if (isHistogram) writer.histogram(encoded, value, times);
      } else if (family.type === 'summary') writer.summary(encoded, value, times);
    }
    writer.endFamily();
  }
  writer.end();
  const chunks = sink.take();
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
