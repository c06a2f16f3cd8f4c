import type { Clock } from '@millrace/api';
import { protoFields } from './proto-fields.ts';

/** Timers take no more: a longer delay would be over at once. 24 days. */
const longestMs = 2 ** 31 - 1;

const delay = (milliseconds: number): number => Math.min(Math.max(0, milliseconds), longestMs);

/** What a `Retry-After` header asks for: seconds or an HTTP-date (RFC 9110, section 10.2.3); `undefined` when it is neither. */
export function readRetryAfter(header: string | string[] | undefined, clock: Clock): number | undefined {
  const text = Array.isArray(header) ? header[0]! : header;
  if (text === undefined) return undefined;
  if (/^[+-]?\d+$/.test(text)) return delay(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : delay(date - clock.now());
}

/** The delay in milliseconds of a google.rpc.RetryInfo in protobuf; 0 when it carries none. */
export function readRetryInfo(bytes: Buffer): number {
  let delayMs = 0;
  for (const { number, value } of protoFields(bytes)) {
    if (number !== 1 || !(value instanceof Buffer)) continue;
    for (const part of protoFields(value)) {
      if (typeof part.value !== 'number') continue;
      if (part.number === 1) delayMs += part.value * 1000;
      else if (part.number === 2) delayMs += part.value / 1e6;
    }
  }
  return delay(delayMs);
}

/** The same from the JSON form of protobuf, where the delay is a text such as `1.5s`. */
export function readRetryInfoJson(retryDelay: unknown): number {
  return delay((Number.parseFloat(String(retryDelay)) || 0) * 1000);
}
