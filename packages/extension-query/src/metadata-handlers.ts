import { QueryError } from '@millrace/promql';
import { answerJson } from './answer.ts';
import type { Notes } from './answer.ts';
import type { Handler, Request } from './handler.ts';

/** The release of Prometheus whose API is answered here; clients decide by it what they may ask. */
const prometheusVersion = '3.15.0';

type SeriesLabels = readonly (readonly [name: string, value: string])[];

function cut<T>(found: readonly T[], limit: number): readonly [readonly T[], Notes] {
  return found.length > limit ? [found.slice(0, limit), { warnings: ['results truncated due to limit'] }] : [found, {}];
}

async function seriesOf({ parameters, source }: Request): Promise<readonly SeriesLabels[]> {
  const { startMs, endMs } = parameters.period();
  return source.series(parameters.selectors(), startMs, endMs);
}

/** `/api/v1/series`. */
export const series: Handler = async (request) => {
  const { exchange, parameters } = request;
  if (parameters.all('match[]').length === 0) throw new QueryError('bad_data', 'no match[] parameter provided');
  const [found, notes] = cut(await seriesOf(request), parameters.limit());
  answerJson(exchange, arrayJson(found), notes);
};

function* arrayJson(found: Iterable<SeriesLabels>): Generator<string> {
  let before = '[';
  for (const one of found) {
    yield before + JSON.stringify(Object.fromEntries(one));
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

/** `/api/v1/labels`. */
export const labels: Handler = async (request) => {
  const limit = request.parameters.limit();
  const names = new Set((await seriesOf(request)).flatMap((one) => one.map(([name]) => name)));
  const [found, notes] = cut([...names].sort(), limit);
  answerJson(request.exchange, [JSON.stringify(found)], notes);
};

/** `/api/v1/label/<name>/values`. */
export const labelValues: Handler = async (request) => {
  const { labelName } = request;
  if (labelName === '') throw new QueryError('bad_data', 'invalid label name: ""');
  const limit = request.parameters.limit();
  const values = new Set<string>();
  for (const one of await seriesOf(request)) for (const [name, value] of one) if (name === labelName) values.add(value);
  const [found, notes] = cut([...values].sort(), limit);
  answerJson(request.exchange, [JSON.stringify(found)], notes);
};

function number(request: Request, name: string): number {
  const text = request.parameters.text(name);
  if (text !== '' && !/^[-+]?\d+$/.test(text)) throw new QueryError('bad_data', `${name} must be a number`);
  return text === '' || Number(text) < 0 ? Infinity : Number(text);
}

/** `/api/v1/metadata`. */
export const metadata: Handler = async (request) => {
  const limit = number(request, 'limit');
  number(request, 'limit_per_metric');
  const metric = request.parameters.text('metric');
  const found = [...(await request.source.metadata(metric === '' ? undefined : metric))].slice(0, limit);
  answerJson(request.exchange, [JSON.stringify(Object.fromEntries(found.map(([name, one]) => [name, [one]])))]);
};

/** `/api/v1/rules`: there are none. */
export const rules: Handler = ({ exchange }) => answerJson(exchange, ['{"groups":[]}']);

/** `/api/v1/alerts`: there are none. */
export const alerts: Handler = ({ exchange }) => answerJson(exchange, ['{"alerts":[]}']);

/** `/api/v1/status/buildinfo`. */
export const buildInfo: Handler = ({ exchange, version }) => {
  const info = { version: prometheusVersion, revision: `millrace ${version}`, branch: '', buildUser: '', buildDate: '', goVersion: '' };
  answerJson(exchange, [JSON.stringify(info)]);
};
