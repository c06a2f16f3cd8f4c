import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runConnector } from '@millrace/api/testing';
import plugin from './count-errors.ts';

const failed = { code: 2 };

test('failed spans are counted by service and name', async () => {
  const { points } = await runConnector(plugin, {
    config: { metric: 'failures' },
    resource: { 'service.name': 'shop' },
    spans: [{ name: 'pay', status: failed }, { name: 'pay', status: failed }, { name: 'pay' }, { name: 'search', status: failed }],
  });
  deepEqual(
    points.map(({ metric, value, attributes }) => [metric, value, attributes]),
    [
      ['failures', 2, { 'service.name': 'shop', 'span.name': 'pay' }],
      ['failures', 1, { 'service.name': 'shop', 'span.name': 'search' }],
    ],
  );
});

test('so many names are told apart, and every failure is counted', async () => {
  const spans = Array.from({ length: 1_500 }, (_, i) => ({ name: `span ${i}`, status: failed }));
  const { points } = await runConnector(plugin, { spans });
  deepEqual([points.length, points.reduce((sum, { value }) => sum + (value ?? 0), 0)], [1_001, 1_500]);
});

test('nothing is emitted when nothing failed', async () => {
  deepEqual((await runConnector(plugin, { spans: [{ name: 'pay' }] })).points, []);
});
