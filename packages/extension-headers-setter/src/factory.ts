import type { ClientAuthenticator, ExtensionFactory } from '@millrace/api';
import { configSchema, type HeaderConfig, type HeadersSetterConfig } from './config.ts';
import { HeadersSetter } from './headers-setter.ts';

function problemOf({ action, key, value, from_context: context, from_attribute: attribute }: HeaderConfig): string | undefined {
  if ((key ?? '') === '') return 'missing header name';
  if (action === 'delete') return undefined;
  const sources = [value, context, attribute].filter((source) => source !== undefined).length;
  if (sources === 0) return "missing header source, must be 'from_context', 'from_attribute' or 'value'";
  return sources > 1 ? "invalid header source, must either 'from_context', 'from_attribute' or 'value'" : undefined;
}

/** Extension `headers_setter`: sets headers of outgoing requests, from what came with the data. */
export const factory: ExtensionFactory<HeadersSetterConfig> = {
  kind: 'extension',
  type: 'headers_setter',
  stability: 'alpha',
  configSchema,
  validateConfig: ({ headers }) =>
    headers.length === 0
      ? ['missing headers configuration']
      : headers.flatMap((header, i) => {
          const problem = problemOf(header);
          return problem === undefined ? [] : [`headers::${i}: ${problem}`];
        }),
  create: (config): ClientAuthenticator => new HeadersSetter(config),
};
