import type { Context } from '@millrace/api';
import type { SeriesLimiter } from './series-limiter.ts';

/** Makes the own metrics of the processor. */
export function createMetrics({ meter, id }: Pick<Context, 'meter' | 'id'>, limiter: SeriesLimiter, foldedPoints: () => number): void {
  const processor = { processor: id };
  const gauge = (name: string, description: string, unit: string, read: () => number): void =>
    meter
      .createObservableUpDownCounter(`processor_cardinality_limit_${name}`, { description, unit })
      .addCallback((result) => result.observe(read(), processor));
  gauge('series', 'Number of series with a place of their own', '{series}', () => limiter.series);
  gauge('folded_series', 'Number of cumulative series and gauges that are folded and remembered', '{series}', () => limiter.foldedSeries);
  gauge('memory', 'Bytes of what is remembered of series', 'By', () => limiter.sizeBytes);
  meter
    .createObservableCounter('processor_cardinality_limit_folded_points', {
      description: 'Number of points that were folded into overflow series',
      unit: '{datapoints}',
    })
    .addCallback((result) => result.observe(foldedPoints(), processor));
  meter
    .createObservableGauge('processor_cardinality_limit_key_values', {
      description: 'About how many values the attribute has that brings a metric over its limit; the ten metrics with most folded points',
      unit: '{values}',
    })
    .addCallback((result) => {
      for (const { metric, key, values, samples } of limiter.explosions()) {
        result.observe(values, { ...processor, metric, key, samples: samples.join(', ') });
      }
    });
}
