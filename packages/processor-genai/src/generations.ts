import { key } from '@millrace/wire';
import type { Key } from '@millrace/wire';
import type { Emit } from './config.ts';

/**
 * Names that changed, from the newest back: what a generation has no name for keeps that of the next one that has, since readers skip what
 * they do not know and would lose what is not there.
 */
const until141: Readonly<Record<string, string>> = {
  'gen_ai.usage.cache_write.input_tokens': 'gen_ai.usage.cache_creation.input_tokens',
};
const until136: Readonly<Record<string, string>> = {
  ...until141,
  'gen_ai.provider.name': 'gen_ai.system',
  'gen_ai.input.messages': 'gen_ai.prompt',
  'gen_ai.output.messages': 'gen_ai.completion',
  'openai.request.service_tier': 'gen_ai.openai.request.service_tier',
  'openai.response.service_tier': 'gen_ai.openai.response.service_tier',
  'openai.response.system_fingerprint': 'gen_ai.openai.response.system_fingerprint',
};

const names: Readonly<Record<Emit, Readonly<Record<string, string>>>> = { latest: {}, keep: {}, 1.37: until141, 1.36: until136 };

/** The key of an attribute, given by its newest name, in a generation. */
export function keyIn(emit: Emit, newest: string): Key {
  return key(names[emit][newest] ?? newest);
}

/** A provider as a generation calls it. */
export function providerIn(emit: Emit, provider: string): string {
  return emit === '1.36' && provider === 'x_ai' ? 'xai' : provider;
}
