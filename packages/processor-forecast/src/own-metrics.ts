import type { Context } from '@millrace/api';
import type { Book } from './book.ts';
import type { Points } from './points.ts';

/** Makes the own metrics of a component. `place` tells its instances apart. */
export function createMetrics(
  { meter, clock }: Pick<Context, 'meter' | 'clock'>,
  book: Book,
  points: Points,
  place: Readonly<Record<string, string>>,
): void {
  const gauge = (name: string, unit: string, description: string, read: () => number): void =>
    meter.createObservableGauge(`forecast_${name}`, { description, unit }).addCallback((result) => result.observe(read(), place));
  const counter = (name: string, description: string, read: () => number): void =>
    meter
      .createObservableCounter(`forecast_${name}`, { description, unit: '{points}' })
      .addCallback((result) => result.observe(read(), place));
  gauge('series', '{series}', 'Number of series that are forecast', () => book.series.size);
  gauge('lag', 's', 'How far event time is behind the clock', () =>
    book.maxMs === -Infinity ? 0 : (clock.now() - book.watermarkMs) / 1000,
  );
  counter('late_points', 'Number of points that came after their hour was closed', () => points.late);
  counter('overflow_points', 'Number of points of series beyond those that may be remembered', () => points.overflow);
  counter('skewed_points', 'Number of points whose time was too far ahead of the clock', () => points.skewed);
}
