import { key } from '@millrace/api';
import type { AttributesView, ItemView, Key } from '@millrace/wire';
import type { Call } from '@millrace/genai';
import type { LabelValue } from '@millrace/instruments';
import type { GenaiMetricsConfig } from './config.ts';
import { isUserKey, UserHash } from './labels.ts';
import type { Labels } from './labels.ts';

/** The label of a user's hash. */
const userLabel = 'millrace.user.hash';
const longestValue = 256;

interface Dimension {
  readonly name: string;
  readonly key: Key;
  readonly isUser: boolean;
}

/** Finds the values of labels that all metrics have in common. */
export class ItemLabels {
  /** Names of the labels that the settings add. */
  readonly names: readonly string[];
  readonly #dimensions: readonly Dimension[];
  readonly #hasUser: boolean;
  readonly #hash: UserHash;
  /** Reused. */
  readonly #values: (LabelValue | undefined)[] = [];

  constructor({ dimensions, user_label: hasUser, hash_key: hashKey = '' }: GenaiMetricsConfig) {
    this.#dimensions = dimensions.map((name) => ({ name, key: key(name), isUser: isUserKey(name) }));
    this.#hasUser = hasUser;
    this.#hash = new UserHash(hashKey);
    this.names = [...new Set([...dimensions, ...(hasUser ? [userLabel] : [])])];
  }

  /** What tells the series of calls apart, in an order of its own. Valid until the next time. */
  valuesOf(call: Call, item: ItemView, isServer: boolean): readonly (LabelValue | undefined)[] {
    const values = this.#values;
    values.length = 0;
    values.push(call.level, call.operation, call.provider, call.requestModel, call.responseModel, call.serverAddress, call.serverPort);
    values.push(call.errorType, call.task, call.cacheTier, call.cacheResult, call.serviceTier, isServer);
    if (this.#hasUser) values.push(this.#hash.of(call.user));
    for (const dimension of this.#dimensions) values.push(this.#dimension(dimension, item));
    return values;
  }

  /** The labels of a call by name. */
  of(call: Call, item: ItemView): Map<string, LabelValue | undefined> {
    const labels = this.extra(item, call.user);
    labels.set('gen_ai.operation.name', call.operation);
    labels.set('gen_ai.provider.name', call.provider);
    labels.set('gen_ai.request.model', call.requestModel);
    labels.set('gen_ai.response.model', call.responseModel);
    labels.set('millrace.model.name', call.model);
    labels.set('server.address', call.serverAddress);
    labels.set('server.port', Number.isNaN(call.serverPort) || call.serverAddress === '' ? undefined : call.serverPort);
    labels.set('error.type', call.errorType);
    labels.set('millrace.component', call.level);
    labels.set('millrace.task_type', call.task);
    labels.set('millrace.cache.tier', call.cacheTier);
    labels.set('millrace.service_tier', call.batch ? 'batch' : call.serviceTier);
    return labels;
  }

  /** The labels that the settings add. */
  extra(item: ItemView, user: string): Map<string, LabelValue | undefined> {
    const labels = new Map<string, LabelValue | undefined>();
    if (this.#hasUser) labels.set(userLabel, this.#hash.of(user));
    for (const dimension of this.#dimensions) labels.set(dimension.name, this.#dimension(dimension, item));
    return labels;
  }

  #dimension({ key: name, isUser }: Dimension, item: ItemView): LabelValue | undefined {
    const value = labelValue(item.attributes, name) ?? labelValue(item.resource.attributes, name);
    return isUser && value !== undefined ? this.#hash.of(String(value)) : value;
  }
}

/** An attribute as a label; undefined when it is absent or no single value. */
export function labelValue(attributes: AttributesView, name: Key): LabelValue | undefined {
  const slot = attributes.find(name);
  return slot < 0 ? undefined : labelAt(attributes, slot);
}

/** The same of an attribute that is there. */
export function labelAt(attributes: AttributesView, slot: number): LabelValue | undefined {
  const value = attributes.valueAt(slot);
  switch (value.type) {
    case 'string':
      return value.string().slice(0, longestValue);
    case 'int':
    case 'double':
      return value.number();
    case 'bool':
      return value.boolean();
    default:
      return undefined;
  }
}

/** Labels of a metric that are attributes of an item under the same names. */
export function attributeLabels(names: readonly string[], attributes: AttributesView, into: Map<string, LabelValue | undefined>): Labels {
  for (const name of names) {
    const value = labelValue(attributes, keyOf(name));
    if (value !== undefined) into.set(name, value);
  }
  return into;
}

const keys = new Map<string, Key>();

/** The key of a name that occurs in our code. */
export function keyOf(name: string): Key {
  let known = keys.get(name);
  if (known === undefined) keys.set(name, (known = key(name)));
  return known;
}
