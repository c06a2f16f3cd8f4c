import { hash } from 'node:crypto';
import type { AttributesEdit } from '@millrace/wire';

const number = Buffer.alloc(8);
const truth = Buffer.from([1]);
const falsehood = Buffer.from([0]);

/**
 * Replaces a value by the SHA-256 of its text, of its 8 bytes (numbers, little endian) or its one byte (booleans), in hex; bytes, lists, maps and
 * the empty value by ''. As the Collector's action `hash`.
 */
export function hashValue(attributes: AttributesEdit, slot: number): void {
  const bytes = hashed(attributes, slot);
  attributes.setStringAt(slot, bytes === undefined ? '' : hash('sha256', bytes, 'hex'));
}

function hashed(attributes: AttributesEdit, slot: number): Buffer | undefined {
  switch (attributes.typeAt(slot)) {
    case 'string': {
      const { buffer, start, end } = attributes.rangeAt(slot);
      return buffer.subarray(start, end);
    }
    case 'bool':
      return attributes.valueAt(slot).boolean() ? truth : falsehood;
    case 'int':
      number.writeBigInt64LE(attributes.valueAt(slot).bigint());
      return number;
    case 'double':
      number.writeDoubleLE(attributes.valueAt(slot).number());
      return number;
    default:
      return undefined;
  }
}
