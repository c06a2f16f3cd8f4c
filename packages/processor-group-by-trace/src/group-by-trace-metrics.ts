import type { Context } from '@millrace/api';

/** What the Collector's metrics of processor `groupbytrace` are read from. */
export interface GroupByTraceCounts {
  readonly maxTraces: number;
  readonly tracesInMemory: number;
  tracesReleased: number;
  spansReleased: number;
  tracesEvicted: number;
  /** Traces whose time was over when they had been given up already. */
  incompleteReleases: number;
}

/** Makes the instruments. */
export function observe({ meter, id }: Pick<Context, 'meter' | 'id'>, counts: GroupByTraceCounts): void {
  const attributes = { processor: id };
  const add = (kind: 'Counter' | 'Gauge', name: string, description: string, unit: string, read: () => number): void =>
    meter[`createObservable${kind}`](`processor_groupbytrace_${name}`, { description, unit }).addCallback((result) =>
      result.observe(read(), attributes),
    );
  add('Gauge', 'conf_num_traces', 'Maximum number of traces to hold in the internal storage', '1', () => counts.maxTraces);
  add('Gauge', 'num_traces_in_memory', 'Number of traces currently in the in-memory storage', '1', () => counts.tracesInMemory);
  add('Counter', 'traces_released', 'Traces released to the next consumer', '1', () => counts.tracesReleased);
  add('Counter', 'spans_released', 'Spans released to the next consumer', '1', () => counts.spansReleased);
  add('Counter', 'traces_evicted', 'Traces evicted from the internal buffer', '1', () => counts.tracesEvicted);
  add(
    'Counter',
    'incomplete_releases',
    'Releases that are suspected to have been incomplete',
    '{releases}',
    () => counts.incompleteReleases,
  );
}
