import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../harness.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';
import type { Recipe } from './peers.ts';

/** A running OpenTelemetry Collector. */
export interface Otelcol {
  /** Drains and ends it; rejects when its exit code is not 0. */
  stop(): Promise<void>;
}

/** Starts the real Collector on a configuration, with variables added to the environment and feature gates opened, and waits until its pipelines run. */
export async function startOtelcol(
  config: unknown,
  env: Readonly<Record<string, string>> = {},
  recipe: Recipe = peers.otelcol,
  featureGates: readonly string[] = [],
): Promise<Otelcol> {
  const file = join(temporaryFolder(), 'otelcol.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(install(recipe), ['--config', file, ...featureGates.map((gate) => `--feature-gates=${gate}`)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Everything is ready')) resolve();
    });
    void exited.then(() => reject(new Error(`otelcol ended:\n${output}`)));
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      if (code !== 0) throw new Error(`otelcol ended with exit code ${code}:\n${output}`);
    },
  };
}
