import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runProcessor } from '@millrace/api/testing';
import plugin from './insert-attribute.ts';

test('the attribute is inserted where it is absent, in every signal', async () => {
  const output = await runProcessor(plugin, {
    config: { key: 'region', value: 'eu' },
    spans: [{ name: 'a' }, { name: 'b', attributes: { region: 'us' } }],
    logs: [{ body: 'a' }],
    metrics: [{ name: 'load', type: 'gauge', points: [{ asDouble: 1 }] }],
  });
  deepEqual(
    [...output.spans, ...output.logs, ...output.points].map(({ attributes }) => attributes),
    [{ region: 'eu' }, { region: 'us' }, { region: 'eu' }, { region: 'eu' }],
  );
});
