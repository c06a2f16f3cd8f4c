import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { requestMessage } from '@millrace/wire';
import { decodeJson } from '../../packages/wire/test/json-reference.ts';
import { freePorts, runConfig, temporaryFolder } from '../harness.ts';
import { allSignals, itemsOf, type Signal } from './items.ts';
import { send, senders } from './senders.ts';
import { startWitness } from './witness.ts';

/** What the file exporter wrote for a signal, in the order of `Witness.items`. */
function fileItems(file: string, signal: Signal): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => itemsOf(signal, decodeJson(requestMessage[signal], Buffer.from(line))))
    .toSorted();
}

describe('OpenTelemetry SDKs', () => {
  it.each(senders)('deliver from $language over $protocol, every field as it was sent', async (sender) => {
    const folder = temporaryFolder();
    const [direct, behind] = await Promise.all([startWitness(), startWitness()]);
    const [httpPort, grpcPort] = await freePorts(2);
    const files = Object.fromEntries(allSignals.map((signal) => [signal, join(folder, `${signal}.json`)])) as Record<Signal, string>;
    const millrace = await runConfig({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${httpPort}` }, grpc: { endpoint: `127.0.0.1:${grpcPort}` } } } },
      processors: { batch: {} },
      exporters: {
        otlp_http: { endpoint: behind.httpUrl },
        otlp_grpc: { endpoint: behind.grpcUrl, tls: { insecure: true } },
        ...Object.fromEntries(allSignals.map((signal) => [`file/${signal}`, { path: files[signal] }])),
      },
      service: {
        pipelines: Object.fromEntries(
          allSignals.map((signal) => {
            const onward = sender.protocol === 'grpc' ? 'otlp_grpc' : 'otlp_http';
            return [signal, { receivers: ['otlp'], processors: ['batch'], exporters: [onward, `file/${signal}`] }];
          }),
        ),
      },
    });

    const port = sender.protocol === 'grpc' ? grpcPort : httpPort;
    const made = await send(sender, 7, [sender.protocol === 'grpc' ? direct.grpcUrl : direct.httpUrl, `http://127.0.0.1:${port}`]);
    expect(await millrace.stop()).toBe(0);

    for (const signal of allSignals) {
      const sent = direct.items(signal);
      expect({ signal, items: sent.length }).toEqual({ signal, items: made[signal] });
      expect(behind.items(signal)).toEqual(sent);
      expect(fileItems(files[signal], signal)).toEqual(sent);
    }
    await Promise.all([direct.close(), behind.close()]);
  });
});
