import type { ReceiverFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { byteSize } from './byte-size.ts';
import { configSchema } from './config.ts';
import type { OtlpJsonFileConfig } from './config.ts';
import { OtlpJsonFileReceiver } from './otlp-json-file-receiver.ts';

function validateConfig(config: OtlpJsonFileConfig): string[] {
  const problems: string[] = [];
  if (config.include.length === 0) problems.push("'include' must be specified");
  const fingerprint = byteSize(config.fingerprint_size);
  if (fingerprint === undefined) problems.push(`fingerprint_size: invalid byte size "${config.fingerprint_size}"`);
  else if (fingerprint < 16) problems.push('`fingerprint_size` must be at least 16 bytes');
  const line = byteSize(config.max_log_size);
  if (line === undefined) problems.push(`max_log_size: invalid byte size "${config.max_log_size}"`);
  else if (line <= 0) problems.push('`max_log_size` must be positive');
  if (durationMs(config.poll_interval) <= 0) problems.push('poll_interval must be positive');
  return problems;
}

/** Receiver `otlp_json_file`: reads files of OTLP/JSON lines, such as exporter `file` writes. */
export const factory: ReceiverFactory<OtlpJsonFileConfig> = {
  kind: 'receiver',
  type: 'otlp_json_file',
  scope: 'process',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new OtlpJsonFileReceiver(config, next, context),
};
