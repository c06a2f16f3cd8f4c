import type { ProcessorFactory } from '@millrace/api';
import { Regex } from '@millrace/regex';
import { configSchema, detectorNames } from './config.ts';
import type { RedactionConfig } from './config.ts';
import { RedactionProcessor } from './redaction-processor.ts';

const patternLists = [
  ['ignored_key_patterns', 'failed to process ignore keys list'],
  ['blocked_values', 'failed to process block list'],
  ['blocked_key_patterns', 'failed to process block keys list'],
  ['allowed_values', 'failed to process allow list'],
  ['allowed_matches', 'failed to process allowed_matches'],
] as const;

function validateConfig(config: RedactionConfig): string[] {
  const problems: string[] = [];
  const { hash_function: hash, hmac_key: key } = config;
  if (hash === 'hmac-sha256' || hash === 'hmac-sha512') {
    const least = hash === 'hmac-sha256' ? 32 : 64;
    const size = Buffer.byteLength(key);
    if (size === 0) problems.push(`hmac_key must not be empty when hash_function is "${hash}"`);
    else if (size < least) problems.push(`hmac_key must be at least ${least} bytes long for "${hash}", got ${size} bytes`);
  } else if ([config.action, ...Object.values(config.actions)].includes('hash')) {
    const size = Buffer.byteLength(key);
    if (size < 32) problems.push(`hmac_key must be at least 32 bytes long for action hash, got ${size} bytes`);
  }
  for (const [name, problem] of patternLists) {
    for (const pattern of config[name]) {
      try {
        void new Regex(pattern);
      } catch (error) {
        problems.push(`${name}: ${problem}: error compiling regex in list: ${(error as Error).message}`);
      }
    }
  }
  const known = new Set<string>([...detectorNames.filter((name) => name !== 'all'), 'secret_keys']);
  for (const name of Object.keys(config.actions))
    if (!known.has(name)) problems.push(`actions::${name}: unknown detector, use one of ${[...known].join(', ')}`);
  return problems;
}

/** Processor `redaction`: removes, masks or hashes attributes by key and value, secrets, personal data and content of AI requests. */
export const factory: ProcessorFactory<RedactionConfig> = {
  kind: 'processor',
  type: 'redaction',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new RedactionProcessor(config, next, context),
};
