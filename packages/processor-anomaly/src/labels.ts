import { createHmac, randomBytes } from 'node:crypto';
import { key, valueText } from '@millrace/wire';
import type { AttributesView, Key } from '@millrace/wire';
import { modelFamily } from '@millrace/genai';
import type { Call } from '@millrace/genai';

const maxHashes = 10_000;
const hashDigits = 16;
/** What is kept of a value, in characters. */
const longestValue = 256;
const separator = '\u0000';
/** The same in all instances, so that they call a user the same. */
const processKey = randomBytes(32).toString('hex');

interface Item {
  readonly attributes: AttributesView;
  readonly resource: { readonly attributes: AttributesView };
}

type Read = (call: Call, item: Item) => string;

const serviceName = key('service.name');

const ofCall: Readonly<Record<string, Read>> = {
  user: (call) => call.user,
  team: (call) => call.team,
  key: (call) => call.apiKeyId,
  task: (call) => call.task,
  conversation: (call) => call.conversation,
  model: (call) => call.requestModel || call.responseModel,
  family: (call) => modelFamily(call.model),
  provider: (call) => call.provider,
  operation: (call) => call.operation,
  service: (_, { resource }) => text(resource.attributes, serviceName) ?? '',
};

const attributeNames: Readonly<Record<string, string>> = {
  user: 'user.id',
  team: 'millrace.team',
  key: 'millrace.api_key.id',
  task: 'millrace.task_type',
  conversation: 'gen_ai.conversation.id',
  model: 'gen_ai.request.model',
  family: 'millrace.model.family',
  provider: 'gen_ai.provider.name',
  operation: 'gen_ai.operation.name',
  service: 'service.name',
};

/** Reads which groups a call is in. A group is told by a key: the number of the list of names, and the values. */
export class Labels {
  readonly #reads: readonly (readonly Read[])[];
  readonly #attributes: readonly (readonly string[])[];
  readonly #hashKey: string;
  readonly #hashes = new Map<string, string>();

  /** `hashed`: names whose values appear as keyed hashes only. */
  constructor(groupBy: readonly (readonly string[])[], hashed: readonly string[], hashKey: string = processKey) {
    this.#hashKey = hashKey;
    this.#reads = groupBy.map((names) =>
      names.map((name) => {
        const read = ofCall[name] ?? ofAttribute(key(name));
        return hashed.includes(name) ? (call: Call, item: Item) => this.#hash(read(call, item)) : read;
      }),
    );
    this.#attributes = groupBy.map((names) =>
      names.map((name) => (name === 'user' && hashed.includes(name) ? 'millrace.user.hash' : (attributeNames[name] ?? name))),
    );
  }

  /** The keys of the groups of a call: none of a list of which it has no value. */
  read(call: Call, item: Item): string[] {
    const keys: string[] = [];
    for (let by = 0; by < this.#reads.length; by++) {
      const reads = this.#reads[by]!;
      let name = String(by);
      let isNone = reads.length > 0;
      for (let i = 0; i < reads.length; i++) {
        const value = reads[i]!(call, item);
        if (value !== '') isNone = false;
        name += separator + value;
      }
      if (!isNone) keys.push(name);
    }
    return keys;
  }

  /** The attributes of a group. */
  attributesOf(groupKey: string): Record<string, string> {
    const [by, ...values] = groupKey.split(separator);
    const names = this.#attributes[Number(by)] ?? [];
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']).filter(([, value]) => value !== ''));
  }

  #hash(value: string): string {
    if (value === '') return '';
    let hash = this.#hashes.get(value);
    if (hash !== undefined) return hash;
    hash = createHmac('sha256', this.#hashKey).update(value).digest('hex').slice(0, hashDigits);
    if (this.#hashes.size === maxHashes) this.#hashes.clear();
    this.#hashes.set(value, hash);
    return hash;
  }
}

function ofAttribute(name: Key): Read {
  return (_, { attributes, resource }) => text(attributes, name) ?? text(resource.attributes, name) ?? '';
}

function text(attributes: AttributesView, name: Key): string | undefined {
  const value = attributes.value(name);
  return value === undefined ? undefined : valueText(value).slice(0, longestValue).replaceAll(separator, '');
}
