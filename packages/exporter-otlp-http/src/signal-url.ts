import type { Signal } from '@millrace/wire';
import type { OtlpHttpConfig } from './config.ts';

/** The paths of OTLP/HTTP. */
const paths: Readonly<Record<Signal, string>> = {
  traces: 'v1/traces',
  metrics: 'v1/metrics',
  logs: 'v1/logs',
  profiles: 'v1development/profiles',
};

/** Where a signal is sent to. Throws in the Collector's words when the configuration does not say, or says no URL. */
export function signalUrl(config: OtlpHttpConfig, signal: Signal): string {
  const own = config[`${signal}_endpoint`] ?? '';
  if (own !== '') {
    if (!isUrl(own)) throw new Error(`${signal}_endpoint must be a valid URL`);
    return own;
  }
  const base = config.endpoint ?? '';
  if (base === '') throw new Error(`either endpoint or ${signal}_endpoint must be specified`);
  if (!isUrl(base)) throw new Error('endpoint must be a valid URL');
  return base.endsWith('/') ? base + paths[signal] : `${base}/${paths[signal]}`;
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
