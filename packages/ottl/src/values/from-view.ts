import type { AttributesView, ValueView } from '@millrace/wire';
import type { Value } from '../value.ts';

/** What a value on the wire is in the language. */
export function fromView(view: ValueView): Value {
  switch (view.type) {
    case 'string':
      return view.string();
    case 'int':
      return view.bigint();
    case 'double':
      return view.number();
    case 'bool':
      return view.boolean();
    case 'bytes': {
      const { buffer, start, end } = view.range();
      return Uint8Array.prototype.slice.call(buffer, start, end);
    }
    case 'kvlist':
      return fromAttributes(view.entries);
    case 'array':
      return Array.from({ length: view.size }, (_, i) => fromView(view.at(i)));
    default:
      return undefined;
  }
}

/** Attributes as a map; of equal keys the first one counts. */
export function fromAttributes(attributes: AttributesView): Map<string, Value> {
  const map = new Map<string, Value>();
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) {
    const key = attributes.keyAt(slot);
    if (!map.has(key)) map.set(key, fromView(attributes.valueAt(slot)));
  }
  return map;
}
