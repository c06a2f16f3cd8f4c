import type { Memory } from './memory.ts';
import { findField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';

/** The text of a length-delimited field of the message in a range, '' when it is absent. */
export function textField(memory: Memory, start: number, end: number, tag: number): string {
  return textAt(memory, fieldAddress(memory, start, end, tag));
}

/** The text whose length stands at an address, '' for 0. */
export function textAt(memory: Memory, address: number): string {
  if (address === 0) return '';
  const length = readVarint(memory.buffer(address), address - memory.base(address));
  return length === 0 ? '' : memory.text(address + varintSize(length), length);
}

/** The varint field of the message in a range, 0 when it is absent. */
export function varintField(memory: Memory, start: number, end: number, tag: number): number {
  const address = fieldAddress(memory, start, end, tag);
  return address === 0 ? 0 : memory.varintNumber(address);
}

/** Address of the value of a field of the message in a range, 0 when it is absent. For fields that are read too rarely to be indexed. */
export function fieldAddress(memory: Memory, start: number, end: number, tag: number): number {
  const base = memory.base(start);
  const p = findField(memory.buffer(start), start - base, end - base, tag);
  return p < 0 ? 0 : p + base;
}
