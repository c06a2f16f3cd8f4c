import { createHash, createHmac, randomBytes } from 'node:crypto';
import { key, valueText } from '@millrace/wire';
import type { AttributesView, Key } from '@millrace/wire';
import { modelFamily } from '@millrace/genai';
import type { Call } from '@millrace/genai';

/** Hashes that are remembered: they cost more than looking them up. */
const maxHashes = 10_000;
const hashDigits = 16;

const givenMark = 'given ';
/** The same in all instances, so that they call a user the same. */
const processKey = randomBytes(32).toString('hex');

/** Turns values that name people into keyed hashes. */
export class Hasher {
  #key: string;
  readonly #isGiven: boolean;
  readonly #hashes = new Map<string, string>();

  /** `key`: as it is set; default a random one of this process. */
  constructor(key?: string) {
    this.#isGiven = key !== undefined;
    this.#key = key ?? processKey;
  }

  /** What the storage keeps of the key: a random one itself, of one that is set only what tells it from others. */
  get mark(): string {
    return this.#isGiven
      ? givenMark + createHash('sha256').update(`millrace.budget ${this.#key}`).digest('hex').slice(0, hashDigits)
      : this.#key;
  }

  /** Goes on with the random key of an earlier run, before anything is hashed. False when hashes of that run mean nothing to this one. */
  continue(mark: string): boolean {
    if (this.#isGiven || mark.startsWith(givenMark)) return mark === this.mark;
    this.#key = mark;
    return true;
  }

  /** 16 hexadecimal digits; '' of ''. */
  hash(text: string): string {
    if (text === '') return '';
    let hash = this.#hashes.get(text);
    if (hash !== undefined) return hash;
    hash = createHmac('sha256', this.#key).update(text).digest('hex').slice(0, hashDigits);
    if (this.#hashes.size === maxHashes) this.#hashes.clear();
    this.#hashes.set(text, hash);
    return hash;
  }
}

/** What is kept of a value, in characters: as much as of a name that a call says. */
const longestValue = 1024;

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
  model: (call) => call.model,
  family: (call) => modelFamily(call.model),
  provider: (call) => call.provider,
  operation: (call) => call.operation,
  service: (_, { resource }) => text(resource.attributes, serviceName) ?? '',
};

/** Names in `by` that are called otherwise in events and metrics: as processor `genai` calls what they mean. */
const attributeNames: Readonly<Record<string, string>> = {
  user: 'user.id',
  team: 'millrace.team',
  key: 'millrace.api_key.id',
  task: 'millrace.task_type',
  conversation: 'gen_ai.conversation.id',
  model: 'gen_ai.response.model',
  family: 'millrace.model.family',
  provider: 'gen_ai.provider.name',
  operation: 'gen_ai.operation.name',
  service: 'service.name',
};

/** The attribute of events and metrics that a name in `by` stands for; connector `genaimetrics` calls the hash of a user the same. */
export function attributeOf(name: string, isHashed: boolean): string {
  if (name === 'user' && isHashed) return 'millrace.user.hash';
  return attributeNames[name] ?? name;
}

/** Reads the values of `by` from an item; '' for what is not there. */
export class Labels {
  readonly #reads: readonly Read[];

  constructor(by: readonly string[], hashed: readonly string[], hasher: Hasher) {
    this.#reads = by.map((name) => {
      const read = ofCall[name] ?? ofAttribute(key(name));
      return hashed.includes(name) ? (call, item) => hasher.hash(read(call, item)) : read;
    });
  }

  /** Into an array of the caller's. */
  read(call: Call, item: Item, into: string[]): void {
    for (let i = 0; i < this.#reads.length; i++) into[i] = this.#reads[i]!(call, item);
  }
}

function ofAttribute(name: Key): Read {
  return (_, { attributes, resource }) => text(attributes, name) ?? text(resource.attributes, name) ?? '';
}

function text(attributes: AttributesView, name: Key): string | undefined {
  const value = attributes.value(name);
  return value === undefined ? undefined : valueText(value).slice(0, longestValue);
}
