import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, startTarget } from '../../benchmarks/target.ts';
import { grpcCodings } from './codings.ts';
import { GrpcSender, HttpSender } from './senders.ts';
import { startSink } from './sink.ts';
import type { Target } from './target.ts';

const program = join(import.meta.dirname, '../../packages/cli/bin/millrace');
const busyPauseMs = 20;
const busyTries = 500;
/** One gRPC call in so many comes with a broken frame before it. */
const brokenEvery = 20;
/** One request in so many comes after one whose client leaves. */
const abandonedEvery = 50;

function configuration(httpPort: number, grpcPort: number, sinkPort: number): string {
  const pipeline = '{ receivers: [otlp], processors: [batch], exporters: [otlphttp] }';
  return `receivers:
  otlp:
    protocols:
      grpc: { endpoint: 127.0.0.1:${grpcPort} }
      http: { endpoint: 127.0.0.1:${httpPort} }
processors:
  batch: { send_batch_size: 1024, timeout: 200ms }
exporters:
  otlphttp:
    endpoint: http://127.0.0.1:${sinkPort}
    compression: none
    sending_queue: { queue_size: 16, block_on_overflow: true, num_consumers: 4 }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    traces: ${pipeline}
    metrics: ${pipeline}
    logs: ${pipeline}
`;
}

/** The built command in the configuration of the benchmarks, in a process of its own, between our clients and our sink. */
export async function runningReceiver(arrived: Target['arrived']): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'));
  const file = join(folder, 'config.yaml');
  const sink = await startSink(arrived);
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  await writeFile(file, configuration(httpPort, grpcPort, sink.port));
  const command = await startTarget([program, '--config', file], httpPort, undefined);
  const http = new HttpSender(httpPort);
  const grpc = new GrpcSender(grpcPort);
  let calls = 0;
  let requests = 0;
  const cleanUp = async (): Promise<void> => {
    http.close();
    grpc.close();
    sink.close();
    await rm(folder, { recursive: true });
  };
  return {
    arrived,
    send: async (input) => {
      const overGrpc =
        input.encoding === 'protobuf' && input.body.length % 3 === 0 && (input.coding === undefined || grpcCodings.has(input.coding));
      const sender = overGrpc ? grpc : http;
      if (sender === grpc && ++calls % brokenEvery === 0) await grpc.sendBroken(input, calls / brokenEvery);
      if (++requests % abandonedEvery === 0) await sender.abandon(input);
      for (let attempt = 0; ; attempt++) {
        const answer = await sender.send(input);
        if (!answer.busy) return answer;
        if (attempt === busyTries) throw new Error(`busy ${busyTries} times: ${answer.reason}`);
        await delay(busyPauseMs);
      }
    },
    check: () => void process.kill(command.pid, 0),
    stop: async () => {
      try {
        await command.stop();
      } finally {
        await cleanUp();
      }
    },
  };
}
