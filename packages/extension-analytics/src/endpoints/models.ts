import { number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { currencyLabel, failed, labelIs, measure, metrics, named, totals } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import { periodOf, periodParameters } from '../periods.ts';
import { latencies, percentiles } from '../quantiles.ts';
import { currency, currencyFor, span, spanFacts } from './cost-breakdown.ts';

const latencyColumns = Object.keys(percentiles).map((name) => `latency_ms_${name}`);

/** Models side by side. */
export const models: Endpoint = {
  path: '/analytics/models',
  summary: 'Latency, success, quality, tokens and cost of the models side by side',
  parameters: { ...periodParameters, currency },
  rows: 'models',
  columns: {
    model: text,
    requests: number,
    success_rate: number,
    cost: number,
    cost_per_request: number,
    input_tokens: number,
    output_tokens: number,
    quality: number,
    ...Object.fromEntries(latencyColumns.map((name) => [name, number])),
  },
  facts: { ...spanFacts, currency: text },
  optional: ['quality', ...latencyColumns],
  find: async (ask) => {
    const { parameters, reader, nowMs } = ask;
    const buckets = periodOf(parameters, nowMs);
    const money = await currencyFor(ask, buckets);
    const by = [dimensions.model];
    const grown = async (metric: string, ...matchers: (typeof failed)[]): Promise<Map<string, number>> =>
      totals(await reader.increases({ metric, by, matchers }, buckets));
    const requests = await grown(metrics.requests);
    const failures = await grown(metrics.requests, failed);
    const costs = await grown(metrics.cost, labelIs(currencyLabel, money));
    const input = totals(await measure(reader, 'input_tokens', buckets, { by: 'model' }));
    const output = totals(await measure(reader, 'output_tokens', buckets, { by: 'model' }));
    const quality = totals(await measure(reader, 'quality', buckets, { by: 'model' }));
    const durations = new Map((await latencies(reader, by, buckets)).map(({ key, values }) => [key[0]!, values]));
    const rows = [...requests].flatMap(([model, count]) => {
      if (count === 0) return [];
      const cost = costs.get(model) ?? 0;
      const score = quality.get(model) ?? Number.NaN;
      const duration = Object.entries(durations.get(model) ?? {}).map(([name, ms]) => [`latency_ms_${name}`, ms]);
      return {
        model: named(model),
        requests: count,
        success_rate: 1 - (failures.get(model) ?? 0) / count,
        cost,
        cost_per_request: cost / count,
        input_tokens: input.get(model) ?? 0,
        output_tokens: output.get(model) ?? 0,
        ...(!Number.isNaN(score) && { quality: score }),
        ...(Object.fromEntries(duration) as Record<string, number>),
      };
    });
    rows.sort((a, b) => b.requests - a.requests || (a.model < b.model ? -1 : 1));
    return { facts: { ...span(buckets), currency: money }, rows };
  },
};
