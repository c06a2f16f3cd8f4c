import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, temporaryFolder } from '../harness.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** A log line as Loki gives it back: with its labels and its structured metadata. */
export interface LokiLine {
  readonly line: string;
  /** Labels of the stream. */
  readonly labels: Readonly<Record<string, string>>;
  /** Structured metadata of the line. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A running Loki that asks for a tenant, and makes labels of the resource attributes `exporter`, `job`, `instance` and `event.domain`, too. */
export interface Loki {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** The lines that a LogQL query finds for a tenant, once there are so many. */
  query(tenant: string, query: string, lines: number): Promise<LokiLine[]>;
  stop(): Promise<void>;
}

const pauseMs = 50;
const patienceMs = 30_000;

/** Starts Loki on free ports, with its data in a new folder; takes ten seconds to be ready. */
export async function startLoki(): Promise<Loki> {
  const [http, grpc, gossip] = (await freePorts(3)) as [number, number, number];
  const folder = temporaryFolder();
  const config = {
    auth_enabled: true,
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      log_level: 'warn',
    },
    common: {
      path_prefix: join(folder, 'data'),
      replication_factor: 1,
      ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
      storage: { filesystem: { chunks_directory: join(folder, 'chunks'), rules_directory: join(folder, 'rules') } },
    },
    memberlist: { bind_addr: ['127.0.0.1'], bind_port: gossip, advertise_addr: '127.0.0.1' },
    ingester: { lifecycler: { min_ready_duration: '0s', final_sleep: '0s' } },
    // Without it the querier is told the machine's outer address, where nothing listens.
    frontend: { address: '127.0.0.1' },
    schema_config: {
      configs: [
        { from: '2024-01-01', store: 'tsdb', object_store: 'filesystem', schema: 'v13', index: { prefix: 'index_', period: '24h' } },
      ],
    },
    limits_config: {
      allow_structured_metadata: true,
      otlp_config: {
        resource_attributes: {
          attributes_config: [{ action: 'index_label', attributes: ['exporter', 'job', 'instance', 'event.domain'] }],
        },
      },
    },
    analytics: { reporting_enabled: false },
  };
  const file = join(folder, 'loki.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(install(peers.loki), [`-config.file=${file}`, '-target=all'], { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  let ended = false;
  void exited.then(() => (ended = true));
  const url = `http://127.0.0.1:${http}`;
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (const end = Date.now() + patienceMs; ;) {
      const found = await look().catch(() => undefined);
      if (found !== undefined) return found;
      if (ended || Date.now() > end) throw new Error(`Loki: ${what}:\n${output.slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  await until('not ready', async () => ((await fetch(`${url}/ready`)).ok ? true : undefined));
  return {
    url,
    query: (tenant, query, lines) =>
      until(`no ${lines} lines of ${query}`, async () => {
        const answer = await fetch(`${url}/loki/api/v1/query_range?limit=1000&query=${encodeURIComponent(query)}`, {
          headers: { 'x-scope-orgid': tenant, 'x-loki-response-encoding-flags': 'categorize-labels' },
          signal: AbortSignal.timeout(5000),
        });
        const { data } = (await answer.json()) as {
          data: {
            result: {
              stream: Record<string, string>;
              values: [time: string, line: string, categories?: { structuredMetadata?: Record<string, string> }][];
            }[];
          };
        };
        const found = data.result.flatMap(({ stream, values }) =>
          values.map(([, line, categories]) => ({ line, labels: stream, metadata: categories?.structuredMetadata ?? {} })),
        );
        return found.length >= lines ? found : undefined;
      }),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
