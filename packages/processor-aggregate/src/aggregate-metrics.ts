import type { Context } from '@millrace/api';
import type { Aggregator } from './aggregator.ts';

/** Makes the own metrics of a processor or connector `aggregate`. */
export function createMetrics({ meter, id, kind, clock }: Pick<Context, 'meter' | 'id' | 'kind' | 'clock'>, aggregator: Aggregator): void {
  const attributes = { [kind]: id };
  const gauge = (name: string, description: string, unit: string, read: () => number | undefined): void =>
    meter.createObservableGauge(`aggregate_${name}`, { description, unit }).addCallback((result) => {
      const value = read();
      if (value !== undefined) result.observe(value, attributes);
    });
  const counter = (name: string, description: string, read: () => number): void =>
    meter
      .createObservableCounter(`aggregate_${name}`, { description, unit: '{items}' })
      .addCallback((result) => result.observe(read(), attributes));
  gauge('watermark_lag', 'How far the time up to which windows are closed is behind the clock', 's', () =>
    aggregator.maxTimeMs === -Infinity ? undefined : (clock.now() - aggregator.watermarkMs) / 1000,
  );
  gauge('open_windows', 'Number of windows that have data and are not closed', '{windows}', () => aggregator.windows.openCount);
  gauge('series', 'Number of series in open windows', '{series}', () => aggregator.output.map.size);
  gauge('memory', 'Bytes of what is remembered', 'By', () => aggregator.sizeBytes);
  gauge(
    'detail_level',
    'Detail given up under memory pressure: 0 none, 1 exemplars, 2 resolution, 3 new series',
    '1',
    () => aggregator.pressure.level,
  );
  counter('late_items', 'Number of items whose window was closed', () => aggregator.lateItems);
  counter('skewed_items', 'Number of items whose time was too far ahead of the clock', () => aggregator.skewedItems);
  counter(
    'folded_items',
    'Number of items that were folded into overflow series under memory pressure',
    () => aggregator.series.foldedItems,
  );
}
