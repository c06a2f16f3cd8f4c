import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePorts, runConfig, type Millrace } from '../harness.ts';
import { install } from './install.ts';
import { allSignals, type Signal } from './items.ts';
import { peers } from './peers.ts';
import { startWitness, type Witness } from './witness.ts';

let witness: Witness;
let millrace: Millrace;
let ports: { http: number; grpc: number };

beforeEach(async () => {
  witness = await startWitness();
  const [http, grpc] = await freePorts(2);
  ports = { http, grpc };
  millrace = await runConfig({
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${http}` }, grpc: { endpoint: `127.0.0.1:${grpc}` } } } },
    processors: { batch: null },
    exporters: { otlp_http: { endpoint: witness.httpUrl } },
    service: {
      pipelines: Object.fromEntries(
        allSignals.map((signal) => [signal, { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] }]),
      ),
    },
  });
});

afterEach(async () => {
  await millrace.stop();
  await witness.close();
});

const amounts: Record<Signal, { args: string[]; items: number }> = {
  traces: { args: ['--traces', '30', '--child-spans', '2'], items: 90 },
  metrics: { args: ['--metrics', '40', '--metric-type', 'Sum'], items: 40 },
  logs: { args: ['--logs', '50'], items: 50 },
};

describe('telemetrygen', () => {
  it.each(allSignals.flatMap((signal) => [[signal, 'grpc'] as const, [signal, 'http'] as const]))(
    'delivers all of its %s over %s',
    async (signal, protocol) => {
      const { args, items } = amounts[signal];
      await promisify(execFile)(install(peers.telemetrygen), [
        signal,
        '--otlp-insecure',
        '--otlp-endpoint',
        `127.0.0.1:${ports[protocol]}`,
        ...(protocol === 'http' ? ['--otlp-http'] : []),
        '--service',
        'generated',
        '--rate',
        '0',
        ...args,
      ]);
      expect(await millrace.stop()).toBe(0);
      const received = witness.items(signal);
      expect(received).toHaveLength(items);
      for (const item of received) expect(item).toContain('"generated"');
    },
  );
});
