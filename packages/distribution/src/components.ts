import type { FactoryEntry } from '@millrace/api';

/** Every component of the millrace binary. Its code is loaded when a configuration names it; a new component is one more line. */
export const components: readonly FactoryEntry[] = [
  { kind: 'receiver', type: 'nop', load: () => import('@millrace/receiver-nop') },
  { kind: 'receiver', type: 'otlp', load: () => import('@millrace/receiver-otlp') },
  { kind: 'processor', type: 'batch', load: () => import('@millrace/processor-batch') },
  { kind: 'processor', type: 'memory_limiter', load: () => import('@millrace/processor-memory-limiter') },
  { kind: 'exporter', type: 'debug', load: () => import('@millrace/exporter-debug') },
  { kind: 'exporter', type: 'file', load: () => import('@millrace/exporter-file') },
  { kind: 'exporter', type: 'nop', load: () => import('@millrace/exporter-nop') },
  { kind: 'exporter', type: 'otlp_grpc', aliases: ['otlp'], load: () => import('@millrace/exporter-otlp') },
  { kind: 'exporter', type: 'otlp_http', aliases: ['otlphttp'], load: () => import('@millrace/exporter-otlp-http') },
  { kind: 'connector', type: 'forward', load: () => import('@millrace/connector-forward') },
  { kind: 'extension', type: 'health_check', load: () => import('@millrace/extension-health-check') },
];
