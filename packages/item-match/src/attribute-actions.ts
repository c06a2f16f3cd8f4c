import { key } from '@millrace/wire';
import type { AttributesEdit, Key, ResourceView } from '@millrace/wire';
import type { Logger } from '@millrace/api';
import { Regex } from '@millrace/regex';
import type { AttributeAction } from './attribute-action.ts';
import { convertValue } from './convert-value.ts';
import { hashValue } from './hash-value.ts';
import { KeyPattern } from './key-pattern.ts';
import { valueSource } from './value-source.ts';

type Step = (attributes: AttributesEdit, resource: ResourceView) => void;

/** Attribute actions as the Collector's `attributes` and `resource` processors apply them, ready to run. For actions without problems (`validateActions`). */
export class AttributeActions {
  readonly #steps: readonly Step[];

  constructor(actions: readonly AttributeAction[], logger: Logger) {
    this.#steps = actions.map((action) => stepOf(action, logger));
  }

  /** Applies the actions in order; `resource` is that of the attributes' owner, or the owner. */
  apply(attributes: AttributesEdit, resource: ResourceView): void {
    for (const step of this.#steps) step(attributes, resource);
  }
}

function stepOf(action: AttributeAction, logger: Logger): Step {
  const name = key(action.key);
  switch (action.action.toLowerCase()) {
    case 'insert': {
      const write = valueSource(action, name);
      return (attributes, resource) => {
        if (attributes.find(name) < 0) write(attributes, resource);
      };
    }
    case 'update': {
      const write = valueSource(action, name);
      return (attributes, resource) => {
        if (attributes.find(name) >= 0) write(attributes, resource);
      };
    }
    case 'upsert':
      return valueSource(action, name);
    case 'delete':
      return onKeys(action, name, (attributes, slot) => attributes.deleteAt(slot));
    case 'hash':
      return onKeys(action, name, hashValue);
    case 'extract':
      return extract(name, new Regex(action.pattern));
    default:
      return (attributes) => {
        const slot = attributes.find(name);
        if (slot >= 0) convertValue(attributes, slot, action, logger);
      };
  }
}

/** Does something to the attribute with the key, then to those whose keys match the pattern. */
function onKeys({ pattern }: AttributeAction, name: Key, change: (attributes: AttributesEdit, slot: number) => void): Step {
  const one = (attributes: AttributesEdit): void => {
    const slot = attributes.find(name);
    if (slot >= 0) change(attributes, slot);
  };
  if (pattern === '') return one;
  const keys = new KeyPattern(pattern);
  return (attributes) => {
    one(attributes);
    for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
      if (keys.matches(attributes.keyRangeAt(slot))) change(attributes, slot);
    }
  };
}

function extract(name: Key, regex: Regex): Step {
  const targets = regex.groupNames.map((group) => key(group ?? ''));
  return (attributes) => {
    const text = attributes.string(name);
    const match = text === undefined ? undefined : regex.exec(text);
    if (match !== undefined) targets.forEach((target, i) => attributes.setString(target, match.groups[i + 1] ?? ''));
  };
}
