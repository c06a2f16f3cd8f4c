import { number, text } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { currencyLabel, labelIs, metrics, named, totals } from '../measures.ts';
import { dimensions } from '../metric-reader.ts';
import { before, periodOf, periodParameters } from '../periods.ts';
import { currency, currencyFor, span, spanFacts } from './cost-breakdown.ts';

/** What most money goes to. */
export const costDrivers: Endpoint = {
  path: '/analytics/cost-drivers',
  summary: 'What most was paid for: models with their tasks, and how that changed since the period before',
  parameters: { ...periodParameters, currency },
  rows: 'drivers',
  columns: {
    model: text,
    task_type: text,
    cost: number,
    share: number,
    requests: number,
    cost_per_request: number,
    previous_cost: number,
    change: number,
  },
  facts: { ...spanFacts, currency: text, total: number },
  optional: ['cost_per_request'],
  find: async (ask) => {
    const { parameters, reader, nowMs } = ask;
    const buckets = periodOf(parameters, nowMs);
    const money = await currencyFor(ask, buckets);
    const by = [dimensions.model, dimensions.task_type];
    const selection = { metric: metrics.cost, by, matchers: [labelIs(currencyLabel, money)] };
    const costs = totals(await reader.increases(selection, buckets));
    const earlier = totals(await reader.increases(selection, before(buckets)));
    const requests = totals(await reader.increases({ metric: metrics.requests, by }, buckets));
    const total = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
    const rows = [...costs].flatMap(([key, cost]) => {
      if (cost === 0) return [];
      const [model, task] = key.split('\0') as [string, string];
      const [count, previous] = [requests.get(key) ?? 0, earlier.get(key) ?? 0];
      return {
        model: named(model),
        task_type: named(task),
        cost,
        share: cost / total,
        requests: count,
        ...(count > 0 && { cost_per_request: cost / count }),
        previous_cost: previous,
        change: cost - previous,
      };
    });
    rows.sort((a, b) => b.cost - a.cost || (a.model + a.task_type < b.model + b.task_type ? -1 : 1));
    return { facts: { ...span(buckets), currency: money, total }, rows };
  },
};
