import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '../harness.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** A running Jaeger: storage in memory, collector and query service in one process. */
export interface Jaeger {
  /** `127.0.0.1:port` of PostSpans. */
  readonly grpc: string;
  /** `127.0.0.1:port` of OTLP over gRPC. */
  readonly otlpGrpc: string;
  /** `http://127.0.0.1:port` of OTLP over HTTP. */
  readonly otlpHttp: string;
  /** `http://127.0.0.1:port` of Zipkin's API. */
  readonly zipkin: string;
  /** All traces of a service, in the JSON of Jaeger's query service, once there are so many spans. */
  traces(service: string, spans: number): Promise<readonly JaegerTrace[]>;
  stop(): Promise<void>;
}

/** A tag in the JSON of the query service. */
export interface JaegerTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

/** A trace in the JSON of the query service. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>>;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly startTime: number;
    readonly duration: number;
    readonly references: readonly { readonly refType: string; readonly traceID: string; readonly spanID: string }[];
    readonly tags: readonly JaegerTag[];
    readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
  }[];
}

const pauseMs = 20;
const patienceMs = 10_000;

/** Starts Jaeger's all-in-one on free ports. */
export async function startJaeger(): Promise<Jaeger> {
  const ports = await freePorts(10);
  const [grpc, otlpGrpc, otlpHttp, zipkin, query, admin, http, sampling, queryGrpc] = ports as [number, ...number[]];
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  const child = spawn(
    install(peers.jaegerAllInOne),
    [
      `--collector.grpc-server.host-port=${at(grpc)}`,
      `--collector.http-server.host-port=${at(http)}`,
      `--collector.otlp.grpc.host-port=${at(otlpGrpc)}`,
      `--collector.otlp.http.host-port=${at(otlpHttp)}`,
      `--collector.zipkin.host-port=${at(zipkin)}`,
      `--query.http-server.host-port=${at(query)}`,
      `--query.grpc-server.host-port=${at(queryGrpc)}`,
      `--admin.http.host-port=${at(admin)}`,
      `--http-server.host-port=${at(sampling)}`,
      `--processor.jaeger-binary.server-host-port=${at(ports[9])}`,
      '--processor.jaeger-compact.server-host-port=127.0.0.1:0',
      '--processor.zipkin-compact.server-host-port=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, SPAN_STORAGE_TYPE: 'memory', OTEL_TRACES_SAMPLER: 'always_off' } },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  let ended = false;
  void exited.then(() => (ended = true));
  const ask = async (url: string): Promise<unknown> => {
    try {
      const answer = await fetch(url);
      return answer.ok ? await answer.json() : undefined;
    } catch {
      return undefined;
    }
  };
  const until = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (const end = Date.now() + patienceMs; ;) {
      const found = await look();
      if (found !== undefined) return found;
      if (ended || Date.now() > end) throw new Error(`Jaeger: ${what}:\n${output.slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  await until('not ready', () => ask(`http://${at(admin)}`));
  return {
    grpc: at(grpc),
    otlpGrpc: at(otlpGrpc),
    otlpHttp: `http://${at(otlpHttp)}`,
    zipkin: `http://${at(zipkin)}`,
    traces: (service, spans) =>
      until(`no ${spans} spans of ${service}`, async () => {
        const answer = await ask(
          `http://${at(query)}/api/traces?start=1&end=4000000000000000&limit=1000&service=${encodeURIComponent(service)}`,
        );
        const { data } = (answer ?? { data: [] }) as { data: readonly JaegerTrace[] };
        return data.reduce((sum, trace) => sum + trace.spans.length, 0) >= spans ? data : undefined;
      }),
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
