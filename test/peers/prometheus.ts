import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePorts, temporaryFolder } from '../harness.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** The Prometheus releases that there are: 2.42 and 3. */
export type PrometheusVersion = 'prometheus2' | 'prometheus3';

/** A series with its newest value, as the query API has it. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  /** A native histogram. */
  readonly histogram?: readonly [number, { readonly count: string; readonly sum: string; readonly buckets?: readonly unknown[] }];
}

/** A running Prometheus. */
export interface Prometheus {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** What an API path answers, `data` of it. */
  api(path: string): Promise<unknown>;
  /** What a PromQL query finds now. */
  query(expression: string): Promise<readonly QueriedSeries[]>;
  stop(): Promise<void>;
}

/**
 * Starts Prometheus on a free port unless one is given, with its data in a new folder and with some features turned on, and waits until it is ready. Besides
 * scraping it takes remote write, and it keeps exemplars. Its targets come up five seconds later.
 */
export async function startPrometheus(
  version: PrometheusVersion,
  config: object,
  features: readonly string[] = [],
  wantedPort?: number,
): Promise<Prometheus> {
  const folder = temporaryFolder();
  const port = wantedPort ?? (await freePorts(1))[0]!;
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const args = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    `--enable-feature=${['exemplar-storage', ...features].join(',')}`,
    '--web.console.templates=.',
    '--web.console.libraries=.',
  ];
  const child = spawn(install(peers[version]), args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let ended = false;
  let output = '';
  void exited.then(() => (ended = true));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (ended) throw new Error(`${version} ended:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const api = async (path: string): Promise<unknown> => {
    const { status, data, error } = (await (await fetch(`${url}/api/v1/${path}`)).json()) as {
      status: string;
      data: unknown;
      error?: string;
    };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  return {
    url,
    api,
    query: async (expression) => ((await api(`query?query=${encodeURIComponent(expression)}`)) as { result: QueriedSeries[] }).result,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** What `promtool check metrics` says about an exposition: its exit code (0 good, 1 cannot be parsed, 3 findings) and its words. */
export function checkMetrics(exposition: string): { readonly exitCode: number | null; readonly output: string } {
  const promtool = join(dirname(install(peers.prometheus2)), 'promtool');
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: exposition, encoding: 'utf8' });
  return { exitCode: status, output: stdout + stderr };
}
