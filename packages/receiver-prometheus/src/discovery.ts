import { readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { dirname } from 'node:path';
import type { Clock, Logger, Timer } from '@millrace/api';
import { parse } from 'yaml';
import type { ScrapeConfig, TargetGroup } from './config.ts';
import { get } from './http-get.ts';
import type { HttpAccess } from './http-get.ts';
import { matchingFiles } from './matching-files.ts';
import { prometheusDurationMs } from './prometheus-duration.ts';

/** Labels of targets as they were found, `__address__` among them. */
export type Found = Readonly<Record<string, string>>;

/** Finds targets until it is stopped. What it found last stays while a source does not answer. */
export interface Discovery {
  stop(): void;
}

interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with all targets whenever they may have changed. */
  readonly found: (targets: readonly Found[]) => void;
}

/** Labels of the targets of a group. */
export function foundIn({ targets, labels }: TargetGroup, more: Found = {}): Found[] {
  return targets.map((address) => ({ ...labels, ...more, __address__: address }));
}

/** Looks again and again, at intervals. */
class Polling implements Discovery {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #look: (signal: AbortSignal) => Promise<void>;
  readonly #ended = new AbortController();
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, look: (signal: AbortSignal) => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#look = look;
    void this.#run();
  }

  stop(): void {
    this.#ended.abort();
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    await this.#look(this.#ended.signal);
    if (!this.#ended.signal.aborted) this.#timer = this.#clock.setTimeout(() => void this.#run(), this.#intervalMs);
  }
}

/** Targets in files; they are read again when they change, and at intervals. */
export function discoverInFiles(config: ScrapeConfig['file_sd_configs'][number], { clock, logger, found }: Surroundings): Discovery {
  let last: readonly Found[] = [];
  const read = (): void => {
    try {
      last = config.files.flatMap((pattern) => matchingFiles(pattern).flatMap(readTargets));
    } catch (error) {
      // A file that is being written is read again when it is done.
      logger.error('Error reading file', { error: (error as Error).message });
    }
    found(last);
  };
  const polling = new Polling(clock, prometheusDurationMs(config.refresh_interval)!, async () => read());
  const watchers: FSWatcher[] = [];
  for (const folder of new Set(config.files.map((file) => dirname(file)))) {
    try {
      watchers.push(watch(folder, { persistent: false }, read).on('error', () => undefined));
    } catch {
      // The folder is not there yet: the interval finds it.
    }
  }
  return {
    stop() {
      polling.stop();
      for (const watcher of watchers) watcher.close();
    },
  };
}

function readTargets(file: string): Found[] {
  const groups = groupsOf(parse(readFileSync(file, 'utf8')), file);
  return groups.flatMap((group) => foundIn(group, { __meta_filepath: file }));
}

/** Checks that a value is a list of target groups. */
function groupsOf(value: unknown, source: string): TargetGroup[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${source}: not a list of target groups`);
  return value.map((group: Partial<TargetGroup> | null) => {
    // What is empty in YAML is null.
    const targets = group?.targets ?? [];
    const labels = group?.labels ?? {};
    const isRight = Array.isArray(targets) && targets.every((target) => typeof target === 'string') && typeof labels === 'object';
    if (!isRight) throw new Error(`${source}: a target group has targets, a list of texts, and labels`);
    return {
      targets,
      labels: Object.fromEntries(Object.entries(labels as Readonly<Record<string, unknown>>).map(([name, text]) => [name, String(text)])),
    };
  });
}

/** Targets that a server lists as JSON. */
export function discoverByHttp(
  config: ScrapeConfig['http_sd_configs'][number],
  access: HttpAccess,
  { clock, logger, found }: Surroundings,
): Discovery {
  const intervalMs = prometheusDurationMs(config.refresh_interval)!;
  let last: readonly Found[] = [];
  return new Polling(clock, intervalMs, async (signal) => {
    try {
      const chunks: Uint8Array[] = [];
      const answer = await get(new URL(config.url), access, {
        headers: { accept: 'application/json', 'x-prometheus-refresh-interval-seconds': String(intervalMs / 1000) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(intervalMs)]),
        limitBytes: 64 * 1024 * 1024,
        onData: (chunk) => void chunks.push(chunk),
      });
      if (answer.status !== 200) throw new Error(`server returned HTTP status ${answer.status}`);
      if (!/^application\/json\b/i.test(answer.contentType))
        throw new Error(`unsupported content type ${JSON.stringify(answer.contentType)}`);
      const groups = groupsOf(JSON.parse(Buffer.concat(chunks).toString()), config.url);
      last = groups.flatMap((group) => foundIn(group, { __meta_url: config.url }));
    } catch (error) {
      if (!signal.aborted) logger.error('Unable to refresh target groups', { error: (error as Error).message });
    }
    if (!signal.aborted) found(last);
  });
}

/** The part of a resolver that is asked. */
export interface DnsResolver {
  resolveSrv(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  resolveMx(name: string): Promise<readonly { readonly exchange: string }[]>;
  resolveNs(name: string): Promise<readonly string[]>;
}

/** Targets that the DNS knows. `resolver` is the machine's unless a test brings its own. */
export function discoverByDns(
  config: ScrapeConfig['dns_sd_configs'][number],
  { clock, logger, found }: Surroundings,
  resolver: DnsResolver = new Resolver({ timeout: 5000, tries: 2 }),
): Discovery {
  const last = new Map<string, readonly Found[]>();
  const lookUp = async (name: string): Promise<Found[]> => {
    const target = (host: string, port: number, more: Found = {}): Found => ({
      __address__: host.includes(':') ? `[${host}]:${port}` : `${host.replace(/\.$/, '')}:${port}`,
      __meta_dns_name: name,
      ...more,
    });
    const port = config.port ?? 0;
    switch (config.type) {
      case 'SRV':
        return (await resolver.resolveSrv(name)).map((record) =>
          target(record.name, record.port, {
            __meta_dns_srv_record_target: `${record.name.replace(/\.$/, '')}.`,
            __meta_dns_srv_record_port: String(record.port),
          }),
        );
      case 'A':
        return (await resolver.resolve4(name)).map((host) => target(host, port));
      case 'AAAA':
        return (await resolver.resolve6(name)).map((host) => target(host, port));
      case 'MX':
        return (await resolver.resolveMx(name)).map(({ exchange }) => target(exchange, port, { __meta_dns_mx_record_target: exchange }));
      default:
        return (await resolver.resolveNs(name)).map((host) => target(host, port, { __meta_dns_ns_record_target: host }));
    }
  };
  return new Polling(clock, prometheusDurationMs(config.refresh_interval)!, async (signal) => {
    await Promise.all(
      config.names.map(async (name) => {
        try {
          last.set(name, await lookUp(name));
        } catch (error) {
          if (!signal.aborted) logger.error('Unable to look up targets', { name, error: (error as Error).message });
        }
      }),
    );
    if (!signal.aborted) found([...last.values()].flat());
  });
}
