// SHM-1, IMS-2: metrics of the host.
import { statfsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { collect, on, recordedHost, run, short, temporaryFolder } from './host.ts';
import type { Point } from './host.ts';

const texts = async (scrapers: object): Promise<string[]> => (await collect(scrapers)).map(short);
const of = (points: readonly Point[], name: string): string[] => points.filter((point) => point.name === name).map(short);

describe('cpu', () => {
  it('sends the time of each CPU by state', async () => {
    expect(await texts({ cpu: {} })).toEqual([
      'system.cpu.time{cpu=cpu0,state=user} 20',
      'system.cpu.time{cpu=cpu0,state=system} 10',
      'system.cpu.time{cpu=cpu0,state=idle} 400',
      'system.cpu.time{cpu=cpu0,state=interrupt} 0.1',
      'system.cpu.time{cpu=cpu0,state=nice} 0.4',
      'system.cpu.time{cpu=cpu0,state=softirq} 0.6',
      'system.cpu.time{cpu=cpu0,state=steal} 0.2',
      'system.cpu.time{cpu=cpu0,state=wait} 2',
      'system.cpu.time{cpu=cpu1,state=user} 10',
      'system.cpu.time{cpu=cpu1,state=system} 5',
      'system.cpu.time{cpu=cpu1,state=idle} 500',
      'system.cpu.time{cpu=cpu1,state=interrupt} 0',
      'system.cpu.time{cpu=cpu1,state=nice} 0.2',
      'system.cpu.time{cpu=cpu1,state=softirq} 0.3',
      'system.cpu.time{cpu=cpu1,state=steal} 0.1',
      'system.cpu.time{cpu=cpu1,state=wait} 1',
    ]);
  });

  it('sends counts and frequencies when they are on', async () => {
    const names = ['system.cpu.physical.count', 'system.cpu.logical.count', 'system.cpu.frequency'];
    expect((await texts({ cpu: on(...names) })).filter((text) => !text.startsWith('system.cpu.time'))).toEqual([
      'system.cpu.frequency{cpu=cpu0} 2593906000',
      'system.cpu.frequency{cpu=cpu1} 3100000000',
      'system.cpu.logical.count 2',
      'system.cpu.physical.count 1',
    ]);
  });
});

describe('memory', () => {
  it('sends the usage by state', async () => {
    expect(await texts({ memory: {} })).toEqual([
      'system.memory.usage{state=used} 3072000000',
      'system.memory.usage{state=free} 1024000000',
      'system.memory.usage{state=buffered} 204800000',
      'system.memory.usage{state=cached} 3379200000',
      'system.memory.usage{state=slab_reclaimable} 307200000',
      'system.memory.usage{state=slab_unreclaimable} 102400000',
    ]);
  });

  it('sends the rest when it is on', async () => {
    const names = [
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
      'system.memory.utilization',
    ];
    expect((await texts({ memory: on(...names) })).filter((text) => !text.startsWith('system.memory.usage'))).toEqual([
      'system.linux.memory.available 5120000000',
      'system.linux.memory.dirty 122880',
      'system.memory.limit 8192000000',
      'system.memory.linux.hugepages.limit 16',
      'system.memory.linux.hugepages.page_size 2097152',
      'system.memory.linux.hugepages.reserved 3',
      'system.memory.linux.hugepages.surplus 1',
      'system.memory.linux.hugepages.usage{system.memory.linux.hugepages.state=free} 12',
      'system.memory.linux.hugepages.usage{system.memory.linux.hugepages.state=used} 4',
      'system.memory.linux.hugepages.utilization{system.memory.linux.hugepages.state=free} 0.75',
      'system.memory.linux.hugepages.utilization{system.memory.linux.hugepages.state=used} 0.25',
      'system.memory.linux.shared 40960000',
      'system.memory.utilization{state=used} 0.375',
      'system.memory.utilization{state=free} 0.125',
      'system.memory.utilization{state=buffered} 0.025',
      'system.memory.utilization{state=cached} 0.4125',
      'system.memory.utilization{state=slab_reclaimable} 0.0375',
      'system.memory.utilization{state=slab_unreclaimable} 0.0125',
    ]);
  });

  it("sends the machine's page size when it is on", async () => {
    const [point] = (await collect({ memory: on('system.memory.page_size') })).filter(({ name }) => name === 'system.memory.page_size');
    expect(Math.log2(Number(point?.value)) % 1).toBe(0);
    expect(Number(point?.value)).toBeGreaterThanOrEqual(4096);
  });
});

describe('disk', () => {
  it('sends transfers and times of disks that did something', async () => {
    const points = await collect({ disk: {} });
    expect(points.filter(({ attributes }) => attributes['device'] === 'nvme0n1').map(short)).toEqual([
      'system.disk.io{device=nvme0n1,direction=read} 40960000',
      'system.disk.io{device=nvme0n1,direction=write} 81920000',
      'system.disk.io_time{device=nvme0n1} 4.321',
      'system.disk.merged{device=nvme0n1,direction=read} 50',
      'system.disk.merged{device=nvme0n1,direction=write} 300',
      'system.disk.operation_time{device=nvme0n1,direction=read} 1.234',
      'system.disk.operation_time{device=nvme0n1,direction=write} 5.678',
      'system.disk.operations{device=nvme0n1,direction=read} 1000',
      'system.disk.operations{device=nvme0n1,direction=write} 2000',
      'system.disk.pending_operations{device=nvme0n1} 3',
      'system.disk.weighted_io_time{device=nvme0n1} 6.912',
    ]);
    expect(new Set(points.map(({ attributes }) => attributes['device']))).toEqual(new Set(['nvme0n1', 'nvme0n1p1']));
  });

  it.each([
    [{ include: { devices: ['nvme0n1'], match_type: 'strict' } }, ['nvme0n1']],
    [{ include: { devices: ['n1p.$'], match_type: 'regexp' } }, ['nvme0n1p1']],
    [{ exclude: { devices: ['nvme0n1', 'loop0'], match_type: 'strict' } }, ['nvme0n1p1']],
    [{ include: { devices: ['nvme'], match_type: 'regexp' }, exclude: { devices: ['p1'], match_type: 'regexp' } }, ['nvme0n1']],
  ])('measures what %j wants', async (settings, devices) => {
    expect([...new Set((await collect({ disk: settings })).map(({ attributes }) => attributes['device']))]).toEqual(devices);
  });
});

describe('filesystem', () => {
  const mounts = (points: readonly Point[]): unknown[] => [
    ...new Set(of(points, 'system.filesystem.usage').map((text) => text.replace(/.*\{(.*),state=.*/, '$1'))),
  ];

  it('measures what has a device, once each, and goes on without those that do not answer', async () => {
    const { points, context, stop } = await run({ scrapers: { filesystem: {} } });
    await stop();
    expect(mounts(points())).toEqual([
      'device=/dev/nvme0n1p1,mode=rw,mountpoint=/,type=ext4',
      'device=/dev/nvme0n1p2,mode=ro,mountpoint=/srv/with blank,type=xfs',
    ]);
    expect(context.lines).toContainEqual({
      level: 'error',
      message: 'Error scraping metrics',
      attributes: { scraper: 'filesystem', error: expect.stringMatching(/^failed to read usage at .*\/gone: ENOENT/) },
    });
  });

  it('sends bytes and inodes as statfs has them', async () => {
    const root = recordedHost();
    const points = await collect({ filesystem: on('system.filesystem.utilization') }, root);
    const { bsize, blocks, files } = statfsSync(root);
    const sum = (name: string): number =>
      points
        .filter((point) => point.name === name && point.attributes['mountpoint'] === '/')
        .reduce((total, { value }) => total + Number(value), 0);
    expect(sum('system.filesystem.usage')).toBe(blocks * bsize);
    expect(Math.abs(sum('system.filesystem.inodes.usage') - files)).toBeLessThanOrEqual(files * 0.5);
    expect(of(points, 'system.filesystem.inodes.usage').map((text) => /state=(\w+)/.exec(text)?.[1])).toEqual([
      'used',
      'free',
      'used',
      'free',
    ]);
    const [utilization] = points.filter(({ name }) => name === 'system.filesystem.utilization');
    expect(Object.keys(utilization!.attributes)).toEqual(['device', 'mode', 'mountpoint', 'type']);
    expect(Number(utilization!.value)).toBeGreaterThan(0);
    expect(Number(utilization!.value)).toBeLessThanOrEqual(1);
  });

  it('measures virtual file systems and bind mounts too with include_virtual_filesystems', async () => {
    expect(mounts(await collect({ filesystem: { include_virtual_filesystems: true } }))).toEqual([
      'device=/dev/nvme0n1p1,mode=rw,mountpoint=/,type=ext4',
      'device=proc,mode=rw,mountpoint=/proc,type=proc',
      'device=tmpfs,mode=rw,mountpoint=/data,type=tmpfs',
      'device=/dev/nvme0n1p2,mode=ro,mountpoint=/srv/with blank,type=xfs',
      'device=/dev/nvme0n1p1,mode=rw,mountpoint=/data/deep,type=ext4',
    ]);
  });

  it.each([
    [{ include_devices: { devices: ['/dev/nvme0n1p2'], match_type: 'strict' } }, ['/srv/with blank']],
    [{ exclude_devices: { devices: ['p2$'], match_type: 'regexp' } }, ['/']],
    [{ include_fs_types: { fs_types: ['xfs'], match_type: 'strict' } }, ['/srv/with blank']],
    [{ exclude_fs_types: { fs_types: ['^x'], match_type: 'regexp' } }, ['/']],
    [{ include_mount_points: { mount_points: ['/'], match_type: 'strict' } }, ['/']],
    [{ exclude_mount_points: { mount_points: ['^/$', '^/gone'], match_type: 'regexp' } }, ['/srv/with blank']],
  ])('measures what %j wants', async (settings, wanted) => {
    const points = await collect({ filesystem: settings });
    expect([...new Set(points.map(({ attributes }) => attributes['mountpoint']))]).toEqual(wanted);
  });
});

describe('network', () => {
  it('sends the traffic of each interface, and connections by state', async () => {
    const points = await collect({ network: {} });
    expect(points.filter(({ attributes }) => attributes['device'] === 'eth0').map(short)).toEqual([
      'system.network.dropped{device=eth0,direction=transmit} 4',
      'system.network.dropped{device=eth0,direction=receive} 2',
      'system.network.errors{device=eth0,direction=transmit} 3',
      'system.network.errors{device=eth0,direction=receive} 1',
      'system.network.io{device=eth0,direction=transmit} 700000000',
      // The kernel's 64 bits have no sign, a point's have.
      'system.network.io{device=eth0,direction=receive} 9223372036854775807',
      'system.network.packets{device=eth0,direction=transmit} 600000',
      'system.network.packets{device=eth0,direction=receive} 900000',
    ]);
    expect(new Set(points.map(({ attributes }) => attributes['device'])).has('eth0:1')).toBe(true);
    const states = of(points, 'system.network.connections').map((text) => text.replace(/.*protocol=tcp,state=(.*)}/, '$1'));
    expect(states.filter((text) => !text.endsWith(' 0'))).toEqual(['ESTABLISHED 2', 'LISTEN 2', 'TIME_WAIT 1', 'FIN_WAIT1 1']);
    expect(states).toHaveLength(13);
  });

  it('sends the size of the connection tracking table when it is on', async () => {
    const points = await collect({ network: on('system.network.conntrack.count', 'system.network.conntrack.max') });
    expect(points.map(short)).toEqual(
      expect.arrayContaining(['system.network.conntrack.count 250', 'system.network.conntrack.max 262144']),
    );
  });

  it.each([
    [{ include: { interfaces: ['eth0'], match_type: 'strict' } }, ['eth0']],
    [{ exclude: { interfaces: ['^eth'], match_type: 'regexp' } }, ['lo']],
  ])('measures what %j wants', async (settings, wanted) => {
    const points = await collect({ network: settings });
    const devices = points.map(({ attributes }) => attributes['device']).filter((device) => device !== undefined);
    expect([...new Set(devices)]).toEqual(wanted);
  });
});

describe('load', () => {
  it('sends the averages', async () => {
    expect((await texts({ load: {} })).sort()).toEqual([
      'system.cpu.load_average.15m 2',
      'system.cpu.load_average.1m 0.52',
      'system.cpu.load_average.5m 1.25',
    ]);
  });

  it('divides them by the number of CPUs with cpu_average', async () => {
    const [point] = (await collect({ load: { cpu_average: true } })).filter(({ name }) => name.endsWith('.15m'));
    expect(point?.value).toBe(2 / cpus().length);
  });
});

describe('paging', () => {
  it('sends swap space, operations and faults', async () => {
    expect(await texts({ paging: on('system.paging.utilization') })).toEqual([
      `system.paging.faults{type=major} ${60 * 4096}`,
      `system.paging.faults{type=minor} ${4940 * 4096}`,
      `system.paging.operations{direction=page_in,type=major} ${30 * 4096}`,
      `system.paging.operations{direction=page_out,type=major} ${40 * 4096}`,
      `system.paging.operations{direction=page_in,type=minor} ${1000 * 4096}`,
      `system.paging.operations{direction=page_out,type=minor} ${2000 * 4096}`,
      'system.paging.usage{device=/dev/dm-1,state=used} 512000000',
      'system.paging.usage{device=/dev/dm-1,state=free} 1536000000',
      'system.paging.utilization{device=/dev/dm-1,state=used} 0.25',
      'system.paging.utilization{device=/dev/dm-1,state=free} 0.75',
    ]);
  });
});

describe('processes', () => {
  it('sends how many there are in each state, and how many there ever were', async () => {
    const all = await texts({ processes: {} });
    expect(all.sort()).toEqual([
      'system.processes.count{status=blocked} 1',
      'system.processes.count{status=idle} 1',
      'system.processes.count{status=running} 2',
      'system.processes.count{status=sleeping} 1',
      'system.processes.created 4321',
    ]);
  });
});

describe('HOST_PROC and HOST_PROC_MOUNTINFO', () => {
  afterEach(() => {
    delete process.env['HOST_PROC'];
    delete process.env['HOST_PROC_MOUNTINFO'];
  });

  it('say where the files are, whatever root_path says', async () => {
    process.env['HOST_PROC'] = `${recordedHost()}/proc`;
    expect((await collect({ system: {} }, '')).map(short)).toEqual(['system.uptime 86400']);
    process.env['HOST_PROC_MOUNTINFO'] = `${temporaryFolder()}/mountinfo`;
    writeFileSync(
      process.env['HOST_PROC_MOUNTINFO'],
      '22 1 259:1 / /tmp rw - ext4 /dev/root rw\n23 1 259:2 / /proc rw - ext4 /dev/mapper/x rw\n',
    );
    const points = await collect({ filesystem: {} }, '');
    expect(new Set(points.map(({ attributes }) => attributes['mountpoint']))).toEqual(new Set(['/tmp', '/proc']));
  });
});

describe('system', () => {
  it('sends how long the host has been running', async () => {
    expect(await texts({ system: {} })).toEqual(['system.uptime 86400']);
  });
});
