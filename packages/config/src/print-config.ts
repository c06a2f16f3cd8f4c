import type { CheckedConfig } from './checked-config.ts';

/**
 * The configuration as text, defaults included. `redacted` shows `[REDACTED]` for every secret. YAML ends with a newline; JSON is indented by
 * two spaces and ends with a newline.
 */
export function printConfig(config: CheckedConfig, mode: 'redacted' | 'unredacted', format: 'yaml' | 'json'): string {
  throw new Error('not there yet', { cause: [config, mode, format] });
}
