import { rowsOf } from './metric-definition.ts';
import type { MetricDefinition } from './metric-definition.ts';

const host = rowsOf({ producers: ['host_metrics'], requirements: ['SHM-1', 'IMS-2', 'PXY-20'] });
const gpu = ['hw.id', 'hw.name', 'hw.vendor'];

/** Metrics of receiver `host_metrics` that the specifications ask for; some are off unless its settings turn them on. */
export const hostMetrics: readonly MetricDefinition[] = [
  host.counter(
    'system.cpu.time',
    's',
    'Time that each processor spent in each state',
    ['cpu', 'state'],
    ['SHM Resource: CPU', 'LAO System: CPU'],
  ),
  host.gauge(
    'system.cpu.utilization',
    '1',
    'Share of its time that each processor spent in each state',
    ['cpu', 'state'],
    ['SHM Resource: CPU', 'LAO System: CPU'],
  ),
  host.upDown('system.memory.usage', 'By', 'Memory in use by state', ['state'], ['SHM Resource: memory', 'LAO System: memory']),
  host.gauge(
    'system.memory.utilization',
    '1',
    'Share of the memory in use by state',
    ['state'],
    ['SHM Resource: memory', 'LAO System: memory'],
  ),
  host.counter(
    'system.disk.io',
    'By',
    'Bytes read from and written to disks',
    ['device', 'direction'],
    ['SHM Resource: disk', 'LAO System: disk I/O'],
  ),
  host.counter('system.disk.operations', '{operations}', 'Operations of disks', ['device', 'direction'], ['LAO System: disk I/O']),
  host.upDown(
    'system.filesystem.usage',
    'By',
    'Bytes of file systems by state',
    ['device', 'mode', 'mountpoint', 'type', 'state'],
    ['SHM Resource: disk'],
  ),
  host.gauge(
    'system.filesystem.utilization',
    '1',
    'Share of a file system in use',
    ['device', 'mode', 'mountpoint', 'type'],
    ['SHM Resource: disk', 'LAO alert: DiskSpaceWarning'],
  ),
  host.counter('system.network.io', 'By', 'Bytes received and sent', ['device', 'direction'], ['SHM Resource: network']),
  host.upDown('process.threads', '{threads}', 'Threads of a process', [], ['LAO System: threads']),
  host.upDown('process.memory.usage', 'By', 'Memory that a process has in use', [], ['SHM Resource: memory']),
  host.gauge('hw.gpu.utilization', '1', 'Share of the time that a GPU was busy', [...gpu, 'hw.gpu.task'], ['SHM Resource: GPU']),
  host.gauge('hw.gpu.memory.utilization', '1', 'Share of the memory of a GPU in use', gpu, ['SHM Resource: GPU']),
  host.upDown('hw.gpu.memory.usage', 'By', 'Memory of a GPU in use', gpu, ['SHM Resource: GPU']),
];
