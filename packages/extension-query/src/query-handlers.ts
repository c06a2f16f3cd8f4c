import { formatValue, parseQuery, pointsMax, QueryError, queryJson, selectorsOf } from '@millrace/promql';
import type { Engine, QueryData, QueryResult } from '@millrace/promql';
import { answerJson } from './answer.ts';
import type { Handler } from './handler.ts';
import { inParameter } from './parameters.ts';
import type { Parameters } from './parameters.ts';

const truncated = 'results truncated due to limit';

function optionsOf(parameters: Parameters, signal: AbortSignal): { signal: AbortSignal; timeoutMs?: number; lookbackMs?: number } {
  const timeoutMs = parameters.optionalDurationMs('timeout');
  const lookbackMs = parameters.optionalDurationMs('lookback_delta');
  return { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(lookbackMs ? { lookbackMs } : {}) };
}

function limited({ data, warnings, infos }: QueryResult, limit: number): QueryResult {
  let cut: QueryData = data;
  if (data.type === 'vector' && data.samples.length > limit) cut = { ...data, samples: data.samples.slice(0, limit) };
  if (data.type === 'matrix' && data.series.length > limit) cut = { ...data, series: data.series.slice(0, limit) };
  return cut === data ? { data, warnings, infos } : { data: cut, warnings: [...warnings, truncated], infos };
}

async function asked(query: Promise<QueryResult>): Promise<QueryResult> {
  try {
    return await query;
  } catch (error) {
    return inParameter('query', () => {
      throw error;
    });
  }
}

/** `/api/v1/query`. */
export const query: Handler = async ({ exchange, parameters, engine, nowMs, signal }) => {
  const limit = parameters.limit();
  const timeMs = parameters.timeMs('time', nowMs);
  const options = optionsOf(parameters, signal);
  const result = limited(await asked(engine.instant(parameters.text('query'), timeMs, options)), limit);
  answerJson(exchange, queryJson(result.data), result);
};

/** `/api/v1/query_range`. */
export const queryRange: Handler = async ({ exchange, parameters, engine, signal }) => {
  const limit = parameters.limit();
  const [startMs, endMs] = [parameters.timeMs('start'), parameters.timeMs('end')];
  if (endMs < startMs) throw new QueryError('bad_data', 'invalid parameter "end": end timestamp must not be before start time');
  const stepMs = parameters.durationMs('step');
  if (stepMs <= 0) {
    const message = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw new QueryError('bad_data', `invalid parameter "step": ${message}`);
  }
  if ((endMs - startMs) / stepMs > pointsMax) {
    const message = 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';
    throw new QueryError('bad_data', message);
  }
  const result = limited(await asked(range(engine, parameters, startMs, endMs, stepMs, signal)), limit);
  answerJson(exchange, queryJson(result.data), result);
};

function range(
  engine: Engine,
  parameters: Parameters,
  startMs: number,
  endMs: number,
  stepMs: number,
  signal: AbortSignal,
): Promise<QueryResult> {
  return engine.range(parameters.text('query'), startMs, endMs, stepMs, optionsOf(parameters, signal));
}

/** `/api/v1/query_exemplars`: the exemplars of all series that the query selects. */
export const queryExemplars: Handler = async ({ exchange, parameters, source, signal }) => {
  const period = parameters.period();
  const selectors = selectorsOf(parseQuery(parameters.text('query')));
  const found = new Map<string, object>();
  for (const { matchers } of selectors) {
    for (const series of await source.exemplars({ matchers, ...period, signal })) {
      const seriesLabels = Object.fromEntries(series.labels);
      const exemplars = series.exemplars.map(({ labels, value, timestampMs }) => ({
        labels: Object.fromEntries(labels),
        value: formatValue(value),
        timestamp: timestampMs / 1000,
      }));
      found.set(JSON.stringify(seriesLabels), { seriesLabels, exemplars });
    }
  }
  answerJson(exchange, [JSON.stringify([...found.values()])]);
};
