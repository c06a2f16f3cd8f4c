import type { Meter, ObservableResult } from '@opentelemetry/api';
import type { Signal } from '@millrace/api';
import type { Ledger, LedgerEntry } from '../item-ledger.ts';

/** What the items of a signal are called in names and descriptions. */
const nouns: Readonly<Record<Signal, readonly [name: string, text: string, unit: string]>> = {
  traces: ['spans', 'spans', '{spans}'],
  metrics: ['metric_points', 'metric points', '{datapoints}'],
  logs: ['log_records', 'log records', '{records}'],
  profiles: ['profile_samples', 'profile samples', '{samples}'],
};

/** Failures of an exporter are counted here unless they are refusals of a full queue, which the exporter counts itself. */
export interface ItemMetricsOptions {
  readonly ledger: Ledger;
  /** Signals that have a pipeline. */
  readonly signals: Iterable<Signal>;
  /** Whether this exporter has a queue: what it refuses then was never sent. */
  readonly isQueued: (exporterId: string) => boolean;
  /** Whether failures tell their kind (`error.type`, `error.permanent`). */
  readonly detailed: boolean;
}

/** Makes the counters of everything that the books know. They are read when somebody asks, and cost nothing until then. */
export function createItemMetrics(meter: Meter, options: ItemMetricsOptions): void {
  for (const signal of options.signals) {
    receiverMetrics(meter, options.ledger, signal);
    exporterMetrics(meter, options, signal);
  }
  const { ledger } = options;
  const items = { unit: '{items}' };
  const observe = (kind: 'Counter' | 'UpDownCounter', name: string, description: string, read: (entry: LedgerEntry) => number): void =>
    meter[`createObservable${kind}`](name, { ...items, description }).addCallback((result) => {
      for (const entry of ledger.entries) if (entry.origin?.kind === 'processor') result.observe(read(entry), processorAttributes(entry));
    });
  observe('Counter', 'processor_incoming_items', 'Number of items passed to the processor.', (entry) => entry.in);
  observe('Counter', 'processor_outgoing_items', 'Number of items emitted from the processor.', (entry) => entry.out);
  meter
    .createObservableCounter('dropped_items', { ...items, description: 'Number of items given up for good, by component and reason.' })
    .addCallback((result) => {
      for (const entry of ledger.entries) {
        for (const [reason, dropped] of Object.entries(entry.dropped)) result.observe(dropped, { ...whereAttributes(entry), reason });
      }
    });
  meter
    .createObservableUpDownCounter('held_items', { ...items, description: 'Number of items that a component keeps in memory or on disk.' })
    .addCallback((result) => {
      for (const entry of ledger.entries) {
        const holds = entry.held !== 0 || entry.origin?.kind === 'processor' || entry.origin?.kind === 'exporter';
        if (holds) result.observe(entry.held, whereAttributes(entry));
      }
    });
  const lifecycle: readonly [string, string, (entry: LedgerEntry) => number][] = [
    ['absorbed_items', 'Number of items that ended in a component as they should: sent or aggregated.', (entry) => entry.absorbed],
    ['created_items', 'Number of items that a component made.', (entry) => entry.created],
  ];
  for (const [name, description, read] of lifecycle) {
    meter.createObservableCounter(name, { ...items, description }).addCallback((result) => {
      for (const entry of ledger.entries) if (read(entry) !== 0) result.observe(read(entry), whereAttributes(entry));
    });
  }
}

function processorAttributes({ origin }: LedgerEntry): Record<string, string> {
  return { processor: origin?.id ?? '', 'otel.signal': origin?.signal ?? '' };
}

/** Which books: those of a component instance, or of a branch. */
function whereAttributes({ name, origin }: LedgerEntry): Record<string, string> {
  if (origin === undefined) return { component: name };
  const { kind, id, signal } = origin;
  return { component: `${kind}/${id}`, ...(signal !== undefined && { 'otel.signal': signal }) };
}

function receiverMetrics(meter: Meter, ledger: Ledger, signal: Signal): void {
  const [noun, text, unit] = nouns[signal];
  const create = (what: string, description: string, read: (counts: { in: number; refused: number }) => number): void =>
    meter.createObservableCounter(`receiver_${what}_${noun}`, { description, unit }).addCallback((result) => {
      for (const entry of ledger.entries) {
        const { origin } = entry;
        if (origin?.kind !== 'receiver' || origin.signal !== signal) continue;
        for (const [transport, counts] of transportsOf(entry)) result.observe(read(counts), { receiver: origin.id, transport });
      }
    });
  create('accepted', `Number of ${text} successfully pushed into the pipeline.`, (counts) => counts.in);
  create('refused', `Number of ${text} that could not be pushed into the pipeline.`, (counts) => counts.refused);
  create('failed', `The number of ${text} that failed to be processed by the receiver due to internal errors.`, () => 0);
}

/** A receiver that does not tell protocols apart has one without a name. */
function transportsOf(entry: LedgerEntry): Iterable<readonly [string, { in: number; refused: number }]> {
  return entry.transports.size > 0 ? entry.transports : [['', entry]];
}

function exporterMetrics(meter: Meter, { ledger, isQueued, detailed }: ItemMetricsOptions, signal: Signal): void {
  const [noun, text, unit] = nouns[signal];
  const create = (what: string, description: string, observe: (result: ObservableResult, entry: LedgerEntry, id: string) => void): void =>
    meter.createObservableCounter(`exporter_${what}_${noun}`, { description, unit }).addCallback((result) => {
      for (const entry of ledger.entries) {
        if (entry.origin?.kind === 'exporter' && entry.origin.signal === signal) observe(result, entry, entry.origin.id);
      }
    });
  create('sent', `Number of ${text} successfully sent to destination.`, (result, entry, exporter) =>
    result.observe(entry.absorbed, { exporter, ...entry.attributes }),
  );
  create('send_failed', `Number of ${text} in failed attempts to send to destination.`, (result, entry, exporter) => {
    const attributes = { exporter, ...entry.attributes };
    const failures = Object.entries(entry.dropped);
    if (entry.refused > 0 && !isQueued(exporter)) failures.push(['', entry.refused]);
    for (const [reason, items] of failures) {
      if (!detailed) result.observe(items, attributes);
      else result.observe(items, { ...attributes, 'error.type': errorType(reason), 'error.permanent': isPermanent(reason) });
    }
  });
}

function errorType(reason: string): string {
  return reason === 'shutdown' ? 'Shutdown' : '_OTHER';
}

function isPermanent(reason: string): boolean {
  return reason === 'permanent' || reason === 'partial_success';
}
