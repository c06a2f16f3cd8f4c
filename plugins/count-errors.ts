import { defineConnector, key } from '@millrace/api';

const service = key('service.name');
/** Names beyond this many are counted as one, so that nobody's span names grow the metric without bound. */
const maxSeries = 1_000;

interface Series {
  readonly attributes: { readonly 'service.name': string; readonly 'span.name': string };
  count: bigint;
}

/** Derives a metric from traces: `span.errors`, the failed spans by service and name, as delta sums. */
export default defineConnector({
  type: 'count_errors',
  configSchema: {
    type: 'object',
    properties: {
      metric: { type: 'string', minLength: 1, default: 'span.errors', description: 'Name of the metric.' },
    },
  },
  emits: ['metrics'],
  setup: (config, { clock }) => ({ metric: config.metric, clock, sinceMs: clock.now(), series: new Map<string, Series>() }),
  spans(span, { series }) {
    if (span.statusCode !== 2) return;
    const attributes = { 'service.name': span.resource.attributes.string(service) ?? '', 'span.name': span.name };
    const name = JSON.stringify(attributes);
    const isOther = !series.has(name) && series.size >= maxSeries;
    const counted = series.get(isOther ? 'other' : name);
    if (counted !== undefined) counted.count++;
    else
      series.set(isOther ? 'other' : name, { attributes: isOther ? { 'service.name': '', 'span.name': 'other' } : attributes, count: 1n });
  },
  async flush(state, emit) {
    const nowMs = state.clock.now();
    const startTimeUnixNano = BigInt(Math.floor(state.sinceMs)) * 1_000_000n;
    const timeUnixNano = BigInt(Math.floor(nowMs)) * 1_000_000n;
    const points = [...state.series.values()].map(({ attributes, count }) => ({
      startTimeUnixNano,
      timeUnixNano,
      attributes,
      asInt: count,
    }));
    // What is counted while this waits belongs to the next period.
    const emitted = state.series;
    state.series = new Map();
    try {
      const sum = { type: 'sum' as const, temporality: 1, isMonotonic: true };
      await emit.metrics([{ name: state.metric, description: 'Failed spans.', unit: '{span}', ...sum, points }]);
      state.sinceMs = nowMs;
    } catch (error) {
      for (const [name, { attributes, count }] of emitted) {
        const counted = state.series.get(name);
        if (counted === undefined) state.series.set(name, { attributes, count });
        else counted.count += count;
      }
      throw error;
    }
  },
});
