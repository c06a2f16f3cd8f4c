import type { ExporterFactory } from '@millrace/api';
import { validateSettings } from '@millrace/exporter-helper';
import type { Compression } from '@millrace/transport';
import { signals } from '@millrace/wire';
import { configSchema, type OtlpHttpConfig } from './config.ts';
import { createOtlpHttpExporter } from './otlp-http-exporter.ts';
import { signalUrl } from './signal-url.ts';

/** Exporter `otlp_http`: sends OTLP over HTTP, as protobuf or JSON. */
export const factory: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  configSchema,
  validateConfig: (config) => [
    ...endpointProblems(config),
    ...levelProblems(config.compression, config.compression_params.level),
    ...validateSettings(config),
  ],
  create: createOtlpHttpExporter,
};

function endpointProblems(config: OtlpHttpConfig): string[] {
  const given = signals.filter((signal) => (config[`${signal}_endpoint`] ?? '') !== '');
  if (given.length === 0 && (config.endpoint ?? '') === '') return ['at least one endpoint must be specified'];
  const problems = new Set<string>();
  for (const signal of (config.endpoint ?? '') === '' ? given : signals) {
    try {
      signalUrl(config, signal);
    } catch (error) {
      problems.add((error as Error).message);
    }
  }
  return [...problems];
}

const leveled: ReadonlySet<'' | Compression> = new Set(['gzip', 'zlib', 'deflate']);

function levelProblems(compression: '' | Compression, level: number): string[] {
  const legal =
    compression === 'zstd' ||
    compression === 'none' ||
    compression === '' ||
    (leveled.has(compression) ? level >= -2 && level <= 9 : level === 0);
  return legal ? [] : [`unsupported parameters {Level:${level}} for compression type ${JSON.stringify(compression)}`];
}
