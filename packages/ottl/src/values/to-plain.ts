import type { PlainInput } from '@millrace/wire';
import { OttlError } from '../ottl-error.ts';
import { isList, isMap, typeName } from '../value.ts';
import type { Value } from '../value.ts';

/** The value as it is written to the wire. Throws for what has no place there, such as a time. */
export function toPlain(value: Value): PlainInput {
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (isList(value)) {
    for (const element of value) toPlain(element);
    return value as PlainInput;
  }
  if (isMap(value)) {
    for (const entry of value.values()) toPlain(entry);
    return value as PlainInput;
  }
  throw new OttlError(`unsupported type ${typeName(value)} for set operation`);
}
