import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { recordedHost } from '../../packages/receiver-host-metrics/test/host.ts';
import { startMillrace, temporaryFolder } from '../harness.ts';
import { withoutEmpty } from './items.ts';
import { startOtelcol } from './otelcol.ts';
import { peers } from './peers.ts';
import { startWitness } from './witness.ts';

type Stop = () => Promise<unknown>;
type Record_ = Record<string, unknown>;

/** The metrics that are switched on. Both programs read a recorded host; what the Collector takes from the machine nevertheless is left out. */
const optional: Readonly<Record<string, readonly string[]>> = {
  cpu: ['system.cpu.logical.count'],
  disk: [],
  filesystem: ['system.filesystem.utilization'],
  load: [],
  memory: [
    'system.linux.memory.available',
    'system.linux.memory.dirty',
    'system.memory.limit',
    'system.memory.linux.hugepages.limit',
    'system.memory.linux.hugepages.page_size',
    'system.memory.linux.hugepages.reserved',
    'system.memory.linux.hugepages.surplus',
    'system.memory.linux.hugepages.usage',
    'system.memory.linux.hugepages.utilization',
    'system.memory.linux.shared',
    'system.memory.page_size',
    'system.memory.utilization',
  ],
  network: ['system.network.conntrack.count', 'system.network.conntrack.max'],
  paging: [],
  process: [
    'process.disk.operations',
    'process.memory.utilization',
    'process.open_file_descriptors',
    'process.paging.faults',
    'process.threads',
  ],
  processes: [],
};
const fromTheMachine = /^system\.(paging\.usage|processes\.count)$/;
const special: Readonly<Record<string, object>> = {
  filesystem: { include_virtual_filesystems: true },
  process: {
    mute_process_all_errors: true,
    // Users are those of the machine there, and of the recorded host here.
    resource_attributes: { 'process.owner': { enabled: false }, 'process.cgroup': { enabled: true } },
  },
};

function config(root: string, destination: string, settings: object): unknown {
  return {
    receivers: { host_metrics: { root_path: root, initial_delay: '0s', collection_interval: '1h', ...settings } },
    exporters: { otlp_http: { endpoint: destination, compression: 'none' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { metrics: { receivers: ['host_metrics'], exporters: ['otlp_http'] } },
    },
  };
}

/** A data point with all that is above it, without times and versions, and without the sizes of file systems, which change meanwhile. */
function timeless(item: string): string {
  const decoded = JSON.parse(item) as { scope: { scope: Record_ }; item: Record<string, Record_> };
  delete decoded.scope.scope['version'];
  const point = (decoded.item['sum'] ?? decoded.item['gauge'])!['dataPoint'] as Record_;
  for (const name of ['startTimeUnixNano', 'timeUnixNano']) {
    expect(point[name]).toMatch(/^\d{19}n$/);
    delete point[name];
  }
  for (const value of ['asInt', 'asDouble']) {
    if ((decoded.item['name'] as unknown as string).startsWith('system.filesystem.') && value in point) point[value] = 'some';
  }
  return JSON.stringify(decoded);
}

/** The points of the first collection of a program. */
async function collection(start: (settings: unknown) => Promise<Stop>, root: string, settings: object): Promise<string[]> {
  const end = await startWitness();
  try {
    const stop = await start(config(root, end.httpUrl, settings));
    try {
      for (let i = 0; i < 250 && end.items('metrics').length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await stop();
    }
    return withoutEmpty(end.items('metrics'))
      .map(timeless)
      .filter((item) => !fromTheMachine.test((JSON.parse(item) as { item: { name: string } }).item.name))
      .toSorted();
  } finally {
    await end.close();
  }
}

async function otelcol(settings: unknown): Promise<Stop> {
  const running = await startOtelcol(settings, {}, peers.hostMetricsCollector);
  return () => running.stop();
}

async function millrace(settings: unknown): Promise<Stop> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(settings));
  const running = startMillrace(['--config', 'config.yaml'], { cwd: folder });
  await running.says('Everything is ready');
  return async () => expect(await running.stop()).toBe(0);
}

/** A recorded host whose processes have the ids of running ones: the Collector asks the machine whether they are still there. */
function hostOfRunningProcesses(): string {
  const root = recordedHost();
  renameSync(join(root, 'proc/42'), join(root, 'proc', String(process.pid)));
  renameSync(join(root, 'proc/137'), join(root, 'proc', String(process.ppid)));
  // Beyond 63 bits the Collector's counters become negative, ours stay at the largest number.
  const traffic = join(root, 'proc/net/dev');
  writeFileSync(traffic, readFileSync(traffic, 'utf8').replace('18446744073709551615', '9007199254740993'));
  return root;
}

describe('host_metrics', () => {
  it.each(Object.keys(optional))("sends what contrib's receiver sends: %s", async (scraper) => {
    const root = hostOfRunningProcesses();
    const metrics = Object.fromEntries(optional[scraper]!.map((name) => [name, { enabled: true }]));
    const settings = { scrapers: { [scraper]: { metrics, ...special[scraper] } } };
    const expected = await collection(otelcol, root, settings);
    expect(expected).not.toEqual([]);
    expect(await collection(millrace, root, settings)).toEqual(expected);
  });
});
