import { existsSync } from 'node:fs';
import { int, lines, text, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import { nameFilter, nameListProblems, nameListSchema } from '../name-filter.ts';
import type { NameList } from '../name-filter.ts';
import type { Recorder } from '../recorder.ts';
import { counter, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperConfig, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.network.connections': level('int', '{connections}', 'The number of connections.', ['protocol', 'state']),
  'system.network.conntrack.count': off(level('int', '{entries}', 'The count of entries in conntrack table.')),
  'system.network.conntrack.max': off(level('int', '{entries}', 'The limit for entries in the conntrack table.')),
  'system.network.dropped': counter('int', '{packets}', 'The number of packets dropped.', ['device', 'direction']),
  'system.network.errors': counter('int', '{errors}', 'The number of errors encountered.', ['device', 'direction']),
  'system.network.io': counter('int', 'By', 'The number of bytes transmitted and received.', ['device', 'direction']),
  'system.network.packets': counter('int', '{packets}', 'The number of packets transferred.', ['device', 'direction']),
};

interface NetworkConfig extends ScraperConfig {
  readonly include?: NameList<'interfaces'>;
  readonly exclude?: NameList<'interfaces'>;
}

/** States that are always sent, also when no connection is in them: the Collector's list. */
const knownStates = 'CLOSE_WAIT CLOSE CLOSING DELETE ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 LAST_ACK LISTEN SYN_SENT SYN_RECV TIME_WAIT'.split(
  ' ',
);
/** States from number 1 in /proc/net/tcp (include/net/tcp_states.h), in the Collector's words. */
const states = 'ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING'.split(' ');

class NetworkScraper implements Scraper {
  readonly #files: HostFiles;
  readonly #wanted: (device: string) => boolean;

  constructor(config: NetworkConfig, files: HostFiles) {
    this.#files = files;
    this.#wanted = nameFilter(config.include, config.exclude, 'interfaces');
  }

  scrape(out: Recorder): void {
    const part = (kind: string, metricCount: number, measure: () => void): void => {
      try {
        measure();
      } catch (error) {
        out.fail(kind, `failed to read ${kind}: ${(error as Error).message}`, metricCount);
      }
    };
    part('network IO stats', 4, () => this.#interfaces(out));
    if (out.wants('system.network.connections')) part('TCP connections', 1, () => this.#connections(out));
    if (out.wants('system.network.conntrack.count', 'system.network.conntrack.max')) part('conntrack info', 2, () => this.#conntrack(out));
  }

  #interfaces(out: Recorder): void {
    for (const line of lines(this.#files.proc('net/dev')).slice(2)) {
      const colon = line.lastIndexOf(':');
      const device = line.slice(0, colon).trim();
      const columns = words(line.slice(colon + 1));
      if (colon < 0 || columns.length < 13 || !this.#wanted(device)) continue;
      // Bytes, packets, errors and drops: first what came, eight columns later what went.
      for (const [direction, first] of [['transmit', 8] as const, ['receive', 0] as const]) {
        out.record('system.network.io', int(columns[first]), device, direction);
        out.record('system.network.packets', int(columns[first + 1]), device, direction);
        out.record('system.network.errors', int(columns[first + 2]), device, direction);
        out.record('system.network.dropped', int(columns[first + 3]), device, direction);
      }
    }
  }

  #connections(out: Recorder): void {
    const counts = new Map<string, bigint>(knownStates.map((state) => [state, 0n]));
    const seen = new Set<string>();
    for (const file of ['net/tcp', 'net/tcp6']) {
      const path = this.#files.proc(file);
      if (file === 'net/tcp6' && !existsSync(path)) continue;
      for (const line of lines(path).slice(1)) {
        const [, local = '', remote = '', number = ''] = words(line);
        const state = states[parseInt(number, 16) - 1];
        const connection = `${local} ${remote} ${number}`;
        if (state === undefined || seen.has(connection)) continue;
        seen.add(connection);
        counts.set(state, (counts.get(state) ?? 0n) + 1n);
      }
    }
    for (const [state, count] of counts) out.record('system.network.connections', count, 'tcp', state);
  }

  #conntrack(out: Recorder): void {
    const read = (name: string): bigint => int(text(this.#files.proc('sys/net/netfilter', name)).trim());
    const count = read('nf_conntrack_count');
    out.record('system.network.conntrack.max', read('nf_conntrack_max'));
    out.record('system.network.conntrack.count', count);
  }
}

/** Traffic of the network interfaces and states of TCP connections, from /proc/net and /proc/sys/net. */
export const network: ScraperType<NetworkConfig> = {
  metrics,
  settings: {
    include: nameListSchema('interfaces', 'Network interfaces that are measured; all unless given.'),
    exclude: nameListSchema('interfaces', 'Network interfaces that are not measured.'),
  },
  validate: ({ include, exclude }) => [
    ...nameListProblems(include, 'interfaces', 'error creating network interface include filters'),
    ...nameListProblems(exclude, 'interfaces', 'error creating network interface exclude filters'),
  ],
  make: (config, files) => new NetworkScraper(config, files),
};
