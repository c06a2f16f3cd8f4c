import type { PlainMessage } from '@millrace/wire/plain';

/** The elements of a repeated message field. */
export function list(message: PlainMessage, field: string): readonly PlainMessage[] {
  return (message[field] ?? []) as readonly PlainMessage[];
}

/** The elements of a repeated double field. */
export function doubles(message: PlainMessage, field: string): readonly number[] {
  return (message[field] ?? []) as readonly number[];
}

/** The elements of a repeated 64-bit integer field. */
export function integers(message: PlainMessage, field: string): readonly bigint[] {
  return (message[field] ?? []) as readonly bigint[];
}

/** A message field; empty when it is absent. */
export function inner(message: PlainMessage, field: string): PlainMessage {
  return (message[field] ?? {}) as PlainMessage;
}

/** A string field. */
export function text(message: PlainMessage, field: string): string {
  return (message[field] ?? '') as string;
}

/** A numeric field of at most 32 bits. */
export function number(message: PlainMessage, field: string): number {
  return (message[field] ?? 0) as number;
}

/** A 64-bit integer field. */
export function integer(message: PlainMessage, field: string): bigint {
  return (message[field] ?? 0n) as bigint;
}

/** A trace or span id in hex; one of zeros only is as good as none. */
export function id(message: PlainMessage, field: string): string {
  const hex = text(message, field);
  return /^0*$/.test(hex) ? '' : hex;
}

/** A boolean field. */
export function flag(message: PlainMessage, field: string): boolean {
  return (message[field] ?? false) as boolean;
}
