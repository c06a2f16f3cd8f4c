import type { Context } from '@millrace/api';
import type { Notice } from './notice.ts';
import type { Watch } from './watch.ts';

/** Makes the own metrics of a component. `place` tells its instances apart. Returns what counts a notice. */
export function createMetrics(
  { meter, clock }: Pick<Context, 'meter' | 'clock'>,
  watch: Watch,
  place: Readonly<Record<string, string>>,
): (notice: Notice) => void {
  const gauge = (name: string, unit: string, description: string, read: () => number): void =>
    meter.createObservableGauge(`anomaly_${name}`, { description, unit }).addCallback((result) => result.observe(read(), place));
  const counter = (name: string, description: string, read: () => number): void =>
    meter
      .createObservableCounter(`anomaly_${name}`, { description, unit: '{calls}' })
      .addCallback((result) => result.observe(read(), place));
  gauge('groups', '{groups}', 'Number of groups that are watched', () => watch.store.groups.size);
  gauge('open', '{anomalies}', 'Number of anomalies that go on', () => watch.openAnomalies);
  gauge('lag', 's', 'How far event time is behind the clock', () =>
    watch.windows.watermarkMs === -Infinity ? 0 : (clock.now() - watch.windows.watermarkMs) / 1000,
  );
  counter('late_calls', 'Number of calls that came after their interval was closed', () => watch.windows.late);
  counter('overflow_calls', 'Number of times that a call was in no group because there were too many', () => watch.overflowCalls);
  const events = meter.createCounter('anomaly_events', { description: 'Number of anomalies that started or ended', unit: '{events}' });
  return ({ kind, severity, state }) => events.add(1, { kind, severity, state, ...place });
}
