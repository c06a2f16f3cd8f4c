import { Key, key } from '@millrace/wire';
import type { AttributesEdit, Client, Plain, ResourceView } from '@millrace/wire';
import type { AttributeAction } from './attribute-action.ts';

/** Writes a value under a key; returns without a change when there is no value. */
type Write = (attributes: AttributesEdit, resource: ResourceView) => void;

/** What writes the value of an `insert`, `update` or `upsert` under `target`. */
export function valueSource({ value, default_value, from_attribute, from_context }: AttributeAction, target: Key): Write {
  if (value !== undefined) return literal(value, target);
  const otherwise = default_value === undefined ? undefined : literal(default_value, target);
  if (from_context !== '') return fromContext(from_context, target, otherwise);
  if (from_attribute !== '') {
    const source = key(from_attribute);
    return (attributes, resource) => {
      const slot = attributes.find(source);
      if (slot >= 0) attributes.setFrom(target, slot);
      else otherwise?.(attributes, resource);
    };
  }
  return otherwise!;
}

function literal(value: Plain, target: Key): Write {
  switch (typeof value) {
    case 'string': {
      const text = new Key(value);
      return (attributes) => attributes.setString(target, text);
    }
    case 'bigint': {
      const int = Number.isSafeInteger(Number(value)) ? Number(value) : value;
      return (attributes) => attributes.setInt(target, int);
    }
    case 'number':
      return (attributes) => attributes.setDouble(target, value);
    case 'boolean':
      return (attributes) => attributes.setBoolean(target, value);
    default:
      return (attributes) => attributes.setPlain(target, value);
  }
}

/** The batches of one client share the text. */
function fromContext(name: string, target: Key, otherwise: Write | undefined): Write {
  const read = contextReader(name);
  let known: Client | undefined;
  let text: Key | undefined;
  return (attributes, resource) => {
    const { client } = resource;
    if (client !== known) {
      const found = read(client);
      text = found === undefined ? undefined : new Key(found);
      known = client;
    }
    if (text !== undefined) attributes.setString(target, text);
    else otherwise?.(attributes, resource);
  };
}

function contextReader(name: string): (client: Client) => string | undefined {
  if (name === 'client.address') return ({ address }) => address ?? '';
  if (name.startsWith('auth.')) {
    const attribute = name.slice('auth.'.length);
    return ({ auth }) => {
      const value = auth?.[attribute];
      return typeof value === 'string' ? value : joined(value);
    };
  }
  const header = (name.startsWith('metadata.') ? name.slice('metadata.'.length) : name).toLowerCase();
  return ({ metadata }) => joined(metadata.get(header));
}

function joined(values: unknown): string | undefined {
  if (!Array.isArray(values) || values.length === 0) return undefined;
  return values.every((value) => typeof value === 'string') ? values.join(';') : undefined;
}
