import { deepEqual, rejects } from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProcessor } from '@millrace/api/testing';
import plugin from './enrich-from-file.ts';

const file = join(mkdtempSync(join(tmpdir(), 'enrich-')), 'tenants.json');
writeFileSync(file, JSON.stringify({ acme: { 'tenant.tier': 'gold', 'tenant.region': 'eu' } }));
const config = { by: 'tenant.id', file };

test('what the file says of a tenant is added, and nothing is overwritten', async () => {
  const { spans, logs } = await runProcessor(plugin, {
    config,
    spans: [
      { attributes: { 'tenant.id': 'acme' } },
      { attributes: { 'tenant.id': 'acme', 'tenant.tier': 'trial' } },
      { attributes: { 'tenant.id': 'nobody' } },
    ],
    logs: [{ body: 'no tenant' }],
  });
  deepEqual(
    [...spans, ...logs].map(({ attributes }) => attributes),
    [
      { 'tenant.id': 'acme', 'tenant.tier': 'gold', 'tenant.region': 'eu' },
      { 'tenant.id': 'acme', 'tenant.tier': 'trial', 'tenant.region': 'eu' },
      { 'tenant.id': 'nobody' },
      {},
    ],
  );
});

test('a file that is missing stops the start', async () => {
  await rejects(runProcessor(plugin, { config: { by: 'tenant.id', file: '/nowhere/tenants.json' }, spans: [{}] }), /ENOENT/);
});
