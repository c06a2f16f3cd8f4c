import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, runProcessor } from '@millrace/api/testing';
import plugin from './tenant-budget.ts';

const of = (tenant: string, count: number): { attributes: { 'tenant.id': string } }[] =>
  Array.from({ length: count }, () => ({ attributes: { 'tenant.id': tenant } }));

test('each tenant has its budget, and what exceeds it is dropped', async () => {
  const { spans, dropped } = await runProcessor(plugin, {
    clock: new FakeClock(),
    config: { per_minute: 2, overrides: { big: 3 } },
    spans: [...of('small', 3), ...of('big', 5), {}, {}, {}],
  });
  deepEqual(
    spans.map(({ attributes }) => attributes['tenant.id']),
    ['small', 'small', 'big', 'big', 'big', undefined, undefined, undefined],
  );
  deepEqual(dropped, { filtered: 3 });
});

test('the tenant may be named by the resource, under another key', async () => {
  const { logs } = await runProcessor(plugin, {
    clock: new FakeClock(),
    config: { per_minute: 1, tenant: 'team' },
    resource: { team: 'search' },
    logs: [{ body: 'a' }, { body: 'b' }],
  });
  deepEqual(
    logs.map(({ body }) => body),
    ['a'],
  );
});

test('a new minute is a new budget', async () => {
  const clock = new FakeClock();
  const { spans, dropped } = await runProcessor(plugin, {
    clock,
    config: { per_minute: 1 },
    batches: [{ spans: of('a', 2) }, () => clock.advance(60_000), { spans: of('a', 2) }],
  });
  deepEqual([spans.length, dropped], [2, { filtered: 2 }]);
});
