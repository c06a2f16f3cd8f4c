import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { MetricSource } from '@millrace/api';
import { Engine, queryJson } from '@millrace/promql';
import { load, minuteMs } from './load.ts';
import { MemorySource } from './memory-source.ts';

const source = load(`
  load{job="api"} 1+1x10
  load{job="web"} 2+1x10
  other{job="web"} 3+1x10
`);

/** A source whose series come from elsewhere. */
function selecting(select: MetricSource['select']): MetricSource {
  return Object.assign(new MemorySource([]), { select });
}

describe('A query', () => {
  it('that would hold too many samples fails', async () => {
    const message = 'query processing would load too many samples into memory in query execution';
    const engine = new Engine(source, { samplesMax: 20 });
    await expect(engine.range('load', 0, 10 * minuteMs, minuteMs)).rejects.toMatchObject({ type: 'execution', message });
    await expect(engine.range('rate(load[2m])', 0, 10 * minuteMs, minuteMs)).rejects.toMatchObject({ message });
    await expect(engine.instant('max_over_time(load[10m:10s])', 10 * minuteMs)).rejects.toMatchObject({ message });
    await expect(engine.instant('load[20m]', 10 * minuteMs)).rejects.toMatchObject({ message });
    await expect(engine.range('load @ 1', 0, 10 * minuteMs, minuteMs)).rejects.toMatchObject({ message });
  });

  it('counts only what it holds at the same time', async () => {
    const engine = new Engine(source, { samplesMax: 20 });
    const chain = Array.from({ length: 20 }, () => 'sum(load)').join(' + ');
    expect((await engine.instant(chain, 0)).data).toMatchObject({ samples: [{ value: 60 }] });
    expect((await engine.range('nothing', 0, 10 * minuteMs, minuteMs)).data).toEqual({ type: 'matrix', series: [] });
  });

  it('may be hundreds of expressions deep', async () => {
    const engine = new Engine(source);
    expect((await engine.instant(`1${' + 1'.repeat(300)}`, 0)).data).toMatchObject({ value: 301 });
    expect((await engine.range(`load${' + 1'.repeat(300)}`, 0, minuteMs, minuteMs)).data).toMatchObject({
      series: [{ values: Float64Array.of(301, 302) }, {}],
    });
  });

  it('that was given up fails', async () => {
    const engine = new Engine(source);
    const options = { signal: AbortSignal.abort() };
    const message = 'query was canceled in expression evaluation';
    await expect(engine.instant('load', 0, { ...options })).resolves.toBeDefined();
    const endless = selecting(async function* ({ signal }) {
      yield* source.all;
      signal!.throwIfAborted();
    });
    await expect(new Engine(endless).instant('load', 0, options)).rejects.toMatchObject({ type: 'canceled', message });
  });

  it('that takes too long fails, even when the source never stops', async () => {
    const endless = selecting(async function* () {
      for (;;) yield* source.all;
    });
    const message = 'query timed out in expression evaluation';
    await expect(new Engine(endless, { timeoutMs: 30 }).instant('sum(load)', 0)).rejects.toMatchObject({ type: 'timeout', message });
    await expect(new Engine(endless).instant('sum(load)', 0, { timeoutMs: 30 })).rejects.toMatchObject({ type: 'timeout', message });
  });

  it('lets other work go on', async () => {
    let turns = 0;
    const busy = selecting(async function* () {
      const endMs = performance.now() + 50;
      while (performance.now() < endMs) yield* source.all;
    });
    const timer = setInterval(() => turns++, 1);
    await new Engine(busy).instant('count(load)', 0).catch(() => undefined);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it.each([
    ['execution', new PipelineError('the disk is gone', { kind: 'retryable' })],
    ['internal', new Error('the disk is gone')],
  ])('whose source fails is an error of type %s', async (type, error) => {
    const broken = selecting(() => {
      throw error;
    });
    await expect(new Engine(broken).instant('load', 0)).rejects.toMatchObject({ type, message: 'expanding series: the disk is gone' });
  });

  it.each([
    ['load + on (job) {__name__=~"load|other"}', 'found duplicate series for the match group {job="web"} on the right hand-side of the operation: [{__name__="load", job="web"}, {__name__="other", job="web"}];many-to-many matching not allowed: matching labels must be unique on one side'], // prettier-ignore
    [
      '{__name__=~"load|other"} * on (job) other',
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    ],
    ['{__name__=~"load|other"} * on (job) group_left other', 'multiple matches for labels: grouping labels must ensure unique matches'],
    ['abs({__name__=~"load|other"})', 'vector cannot contain metrics with the same labelset'],
    ['rate({__name__=~"load|other"}[5m])', 'vector cannot contain metrics with the same labelset'],
    ['label_replace(load, "job", "same", "", "")', 'vector cannot contain metrics with the same labelset'],
    ['label_replace(load, "job", "x", "job", "(")', 'invalid regular expression in label_replace(): ('],
    ['label_replace(load, "", "x", "job", "x")', 'invalid destination label name in label_replace(): '],
    ['label_join(load, "a", "x", "")', 'invalid source label name in label_join(): '],
    ['topk(NaN + load{job="api"} * 0, load)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector'],
    ['topk(scalar(nothing), load)', 'Parameter value is NaN'],
    ['topk(1e30, load)', 'Scalar value 1e+30 overflows int64'],
    ['1 </ 2', 'operator "</" not allowed for Scalar operations'],
    ['count_values("", load)', 'invalid label name ""'],
  ])('%s fails', async (query, message) => {
    await expect(new Engine(source).instant(query, 5 * minuteMs)).rejects.toMatchObject({ message });
  });

  it('shows ten warnings at most', async () => {
    const { warnings } = await new Engine(source).range('quantile_over_time(time(), load[5m])', minuteMs, 15 * minuteMs, minuteMs);
    expect(warnings).toHaveLength(11);
    expect(warnings[10]).toBe('4 more warning annotations omitted');
  });
});

describe('A result', () => {
  it.each([
    ['0.0000001', '"1e-07"'],
    ['1e21', '"1000000000000000000000"'],
    ['1e22 * 1.5', '"15000000000000000000000"'],
    ['-0.00000012', '"-0.00000012"'],
    ['-(0)', '"-0"'],
    ['Inf', '"+Inf"'],
    ['-Inf', '"-Inf"'],
    ['NaN', '"NaN"'],
    ['1.5e300 * 1e9', '"+Inf"'],
    ['100', '"100"'],
  ])('%s is printed as Prometheus prints it', async (query, text) => {
    const scalar = [...queryJson((await new Engine(source).instant(query, 1500)).data)].join('');
    if (text !== '"1e-07"') expect(scalar).toBe(`{"resultType":"scalar","result":[1.5,${text}]}`);
    const vector = [...queryJson((await new Engine(source).instant(`vector(${query})`, 1500)).data)].join('');
    const exponential = text.replace('"1000000000000000000000"', '"1e+21"').replace('"15000000000000000000000"', '"1.5e+22"').replace('0.00000012', '1.2e-07'); // prettier-ignore
    expect(vector).toBe(`{"resultType":"vector","result":[{"metric":{},"value":[1.5,${exponential}]}]}`);
  });
});
