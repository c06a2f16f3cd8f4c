import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, testContext } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { discoverByDns, discoverInFiles } from '../src/discovery.ts';
import type { Discovery, Found } from '../src/discovery.ts';

let discovery: Discovery | undefined;

afterEach(() => {
  discovery?.stop();
  discovery = undefined;
});

/** What was found, call by call; `next` resolves with the next. */
function watcher() {
  const calls: (readonly Found[])[] = [];
  let wake = (): void => undefined;
  let read = 0;
  const clock = new FakeClock();
  const context = testContext({ clock });
  return {
    clock,
    lines: context.lines,
    around: {
      clock,
      logger: context.logger,
      found: (targets: readonly Found[]) => {
        calls.push(targets);
        wake();
      },
    },
    async next(): Promise<readonly Found[]> {
      while (calls.length <= read) await new Promise<void>((resolve) => (wake = resolve));
      return calls[read++]!;
    },
  };
}

describe('Targets in files', () => {
  it('are read from YAML and JSON, again when they change, and stay when a file breaks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    writeFileSync(join(folder, 'a.yml'), '- targets: [one:1]\n  labels: {team: a}\n- targets:\n  labels:\n');
    const { around, next, clock, lines } = watcher();
    discovery = discoverInFiles({ files: [join(folder, '*.yml'), join(folder, '*.json')], refresh_interval: '5m' }, around);
    const one = { __address__: 'one:1', team: 'a', __meta_filepath: join(folder, 'a.yml') };
    expect(await next()).toEqual([one]);
    writeFileSync(join(folder, 'b.json'), JSON.stringify([{ targets: ['two:2'] }]));
    let found = await next();
    while (found.length < 2) found = await next();
    expect(found).toEqual([one, { __address__: 'two:2', __meta_filepath: join(folder, 'b.json') }]);
    writeFileSync(join(folder, 'b.json'), '[{"targets": "two"}]');
    while (lines.length === 0) await next();
    await clock.advance(300_000);
    expect(lines[0]).toMatchObject({ level: 'error', message: 'Error reading file' });
    expect(await next()).toHaveLength(2);
  });
});

describe('Targets in the DNS', () => {
  const resolver = {
    resolveSrv: async () => [{ name: 'host.example.', port: 8080, priority: 1, weight: 1 }],
    resolve4: async () => ['10.0.0.1'],
    resolve6: async () => ['fd00::1'],
    resolveMx: async () => [{ exchange: 'mail.example', priority: 1 }],
    resolveNs: async () => ['ns.example'],
  };

  it.each<[string, Found]>([
    ['SRV', { __address__: 'host.example:8080', __meta_dns_srv_record_target: 'host.example.', __meta_dns_srv_record_port: '8080' }],
    ['A', { __address__: '10.0.0.1:9100' }],
    ['AAAA', { __address__: '[fd00::1]:9100' }],
    ['MX', { __address__: 'mail.example:9100', __meta_dns_mx_record_target: 'mail.example' }],
    ['NS', { __address__: 'ns.example:9100', __meta_dns_ns_record_target: 'ns.example' }],
  ])('come from %s records', async (type, expected) => {
    const { around, next } = watcher();
    discovery = discoverByDns({ names: ['svc.example'], type, port: 9100, refresh_interval: '30s' }, around, resolver);
    expect(await next()).toEqual([{ ...expected, __meta_dns_name: 'svc.example' }]);
  });

  it('stay while the DNS does not answer', async () => {
    const { around, next, clock, lines } = watcher();
    let isDown = false;
    const failing = {
      ...resolver,
      resolve4: async () => {
        if (isDown) throw new Error('queryA ETIMEOUT');
        return ['10.0.0.1'];
      },
    };
    discovery = discoverByDns({ names: ['svc.example'], type: 'A', port: 1, refresh_interval: '30s' }, around, failing);
    const found = await next();
    isDown = true;
    await clock.advance(30_000);
    expect(await next()).toEqual(found);
    expect(lines[0]).toMatchObject({ level: 'error', attributes: { name: 'svc.example', error: 'queryA ETIMEOUT' } });
  });
});
