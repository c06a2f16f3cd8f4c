import { createHash, createHmac } from 'node:crypto';
import type { Action, RedactionConfig } from './config.ts';

export const mask = '****';

/** What a value is replaced by that `blocked_values` or `blocked_key_patterns` match: a hash, when one is configured, or the mask. */
export function replacer({ hash_function, hmac_key }: Pick<RedactionConfig, 'hash_function' | 'hmac_key'>): (text: string) => string {
  switch (hash_function) {
    case '':
      return () => mask;
    case 'hmac-sha256':
    case 'hmac-sha512':
      return (text) => createHmac(hash_function.slice(5), hmac_key).update(text).digest('hex');
    default: {
      const name = hash_function === 'sha3' ? 'sha3-256' : hash_function;
      return (text) => createHash(name).update(text).digest('hex');
    }
  }
}

/** Texts of less than twice that are masked whole. */
const keptCharacters = 4;

function partly(text: string): string {
  const at = text.lastIndexOf('@');
  if (at > 0 && text.indexOf('.', at) > 0) return mask + text.slice(at);
  return text.length < keptCharacters * 2 ? mask : mask + text.slice(-keptCharacters);
}

/** One thing that is found, what is done with it, and how often that happened. */
export class Rule {
  readonly name: string;
  readonly action: Action | 'none';
  /** What takes the place of a text that was found. */
  readonly replace: (text: string) => string;
  found = 0;

  constructor(name: string, action: Action | 'none', replace: (text: string) => string) {
    this.name = name;
    this.action = action;
    this.replace = replace;
  }
}

/** The rule of a detector or of the secret keys. */
export function ruleOf(name: string, config: RedactionConfig): Rule {
  const action = config.actions[name] ?? config.action;
  const isKeyed = config.hash_function.startsWith('hmac');
  const replace: Record<Action, (text: string) => string> = {
    mask: () => mask,
    partial: partly,
    remove: () => '',
    hash: replacer({ hash_function: isKeyed ? config.hash_function : 'hmac-sha256', hmac_key: config.hmac_key }),
  };
  return new Rule(name, config.dry_run ? 'none' : action, replace[action]);
}
