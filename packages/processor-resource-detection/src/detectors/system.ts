import { readFileSync } from 'node:fs';
import { hostname, machine, release, type, version } from 'node:os';
import { schemaUrl, switchedOn } from '../detector.ts';
import type { AttributeSwitches, Detected, Detector, DetectorContext } from '../detector.ts';
import { fullName, reverseName } from '../host-name.ts';
import { networkInterfaces } from '../network-interfaces.ts';
import { linuxPlatform, osRelease } from '../linux-platform.ts';

type Source = 'dns' | 'os' | 'cname' | 'lookup';

interface SystemConfig {
  readonly hostname_sources: readonly string[];
  readonly resource_attributes: AttributeSwitches;
}

/** Go's names of operating systems and architectures, which the Collector sends, where Node's differ. */
const osTypes: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm: 'arm32', ia32: 'x86', mipsel: 'mipsle', loong64: 'loong64' };

const sources: Readonly<Record<Source, (limitMs: number) => Promise<string> | string>> = {
  os: () => hostname(),
  dns: (limitMs) => fullName(limitMs),
  // The Collector asks the same in two ways.
  cname: (limitMs) => fullName(limitMs),
  lookup: (limitMs) => reverseName(limitMs),
};

function hostId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      // The next one.
    }
  }
  throw new Error('host id not found in: /etc/machine-id or /var/lib/dbus/machine-id');
}

/** What is known about the first CPU. */
function cpuInfo(): Record<string, string | bigint> {
  const fields = new Map<string, string>();
  for (const line of readFileSync('/proc/cpuinfo', 'utf8').split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    // The second CPU begins with its number.
    if (name !== '' && fields.has(name)) break;
    if (name !== '') fields.set(name, line.slice(colon + 1).trim());
  }
  const family = fields.get('cpu family');
  const model = fields.get('model') ?? fields.get('CPU part');
  return {
    'host.cpu.vendor.id': fields.get('vendor_id') ?? '',
    'host.cpu.family': family ?? '',
    ...(model !== undefined && { 'host.cpu.model.id': model }),
    'host.cpu.model.name': fields.get('model name') ?? '',
    'host.cpu.stepping': fields.get('stepping') ?? fields.get('CPU revision') ?? '0',
    'host.cpu.cache.l2.size': BigInt(parseInt(fields.get('cache size') ?? '0', 10) || 0),
  };
}

function description(): string {
  const uname = [type(), hostname(), release(), version(), machine()].join(' ');
  const { NAME: name = '', VERSION: full, VERSION_ID: id = '', PRETTY_NAME: pretty = '' } = osRelease();
  const numbers = full || id;
  const distribution = name !== '' && numbers !== '' ? `${name} ${numbers}` : pretty;
  return distribution === '' ? uname : `${distribution} (${uname})`;
}

/** The name from the first source that has one. DNS may take half of the time that there is, so that the next source has its turn. */
async function hostName(names: readonly string[], { logger, timeoutMs }: DetectorContext): Promise<string> {
  for (const name of names.length === 0 ? ['dns', 'os'] : names) {
    try {
      return await sources[name as Source](timeoutMs / 2);
    } catch (error) {
      logger.debug('a source of the host name failed', { source: name, error: (error as Error).message });
    }
  }
  throw new Error('all hostname sources failed to get hostname');
}

const off = (text: string): { enabled: boolean; description: string } => ({ enabled: false, description: text });

/** `system`: this machine. */
export const system: Detector<SystemConfig> = {
  attributes: {
    'host.name': { enabled: true, description: 'Name of the host, from the first of `hostname_sources` that has one.' },
    'os.type': { enabled: true, description: 'Operating system, such as linux.' },
    'os.version': off('Version of the distribution.'),
    'host.id': off('The machine id of systemd and D-Bus.'),
    'host.arch': off('Architecture of the processor, such as amd64.'),
    'host.ip': off('Addresses of the host, but loopback.'),
    'host.mac': off('MAC addresses of the host.'),
    'host.interface': off('Names of the network interfaces.'),
    'os.description': off('The operating system in words.'),
    'os.name': off('Name of the distribution, such as debian.'),
    'os.build.id': off('Build of the distribution, else of the kernel.'),
    'host.cpu.vendor.id': off('Maker of the processor.'),
    'host.cpu.family': off('Family of the processor.'),
    'host.cpu.model.id': off('Model of the processor.'),
    'host.cpu.model.name': off('Model of the processor in words.'),
    'host.cpu.stepping': off('Stepping of the processor.'),
    'host.cpu.cache.l2.size': off('Size of the cache of the processor, as /proc/cpuinfo has it, in KB.'),
  },
  settings: {
    hostname_sources: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description:
        'Where the name of the host comes from, tried in turn: `dns` (the full name, from /etc/hosts or DNS), `os`, `cname`, `lookup` (reverse DNS). Empty: dns, os.',
    },
  },
  validate: ({ hostname_sources }) =>
    hostname_sources
      .filter((source) => !Object.hasOwn(sources, source))
      .map((source) => `hostname_sources contains invalid value: ${JSON.stringify(source)}`),

  async detect({ hostname_sources, resource_attributes }, context): Promise<Detected> {
    const isOn = (...names: readonly string[]): boolean => names.some((name) => resource_attributes[name]?.enabled);
    const interfaces = isOn('host.ip', 'host.mac', 'host.interface') ? networkInterfaces() : [];
    const outside = interfaces.filter(({ isUp, isLoopback }) => isUp && !isLoopback);
    const optional = <T>(name: string, what: string, find: () => T): T | undefined => {
      if (!isOn(name)) return undefined;
      try {
        return find();
      } catch (error) {
        context.logger.warn(`failed to get ${what}`, { error: (error as Error).message });
        return undefined;
      }
    };
    const attributes = {
      'host.name': await hostName(hostname_sources, context),
      'os.type': osTypes[process.platform] ?? process.platform,
      'os.version': linuxPlatform().version,
      'host.id': optional('host.id', 'host ID', hostId),
      'host.arch': architectures[process.arch] ?? process.arch,
      'host.ip': outside.flatMap(({ addresses }) => addresses),
      'host.mac': outside.map(({ mac }) => mac.toUpperCase().replaceAll(':', '-')),
      'host.interface': interfaces.map(({ name }) => name),
      'os.description': description(),
      'os.name': linuxPlatform().name,
      'os.build.id': osRelease()['BUILD_ID'] ?? release(),
      ...(isOn(...cpuAttributes) && cpuInfo()),
    };
    return { attributes: switchedOn(attributes, resource_attributes), schemaUrl };
  },
};

const cpuAttributes: readonly string[] = Object.keys(system.attributes ?? {}).filter((name) => name.startsWith('host.cpu.'));
