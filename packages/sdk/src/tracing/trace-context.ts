import { randomFillSync } from 'node:crypto';
import type { SpanIds } from '@millrace/receiver-sdk';

/** Headers of a request as Node or `fetch` have them. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const maxStateLength = 512;

/** What `traceparent` and `tracestate` say (W3C Trace Context); undefined when they are absent or wrong. */
export function readTraceContext(headers: HeadersLike): SpanIds | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header(headers, 'traceparent')?.trim() ?? '');
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, more] = match as unknown as [string, string, string, string, string, string | undefined];
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const state = header(headers, 'tracestate');
  const ids = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return state === undefined || state === '' || state.length > maxStateLength ? ids : { ...ids, traceState: { serialize: () => state } };
}

/** The headers that carry a span on. */
export function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanIds): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const state = traceState?.serialize() ?? '';
  return state === '' ? { traceparent } : { traceparent, tracestate: state };
}

/** Random bytes in store: asking for them costs the same for few and for many. */
const random = Buffer.alloc(4096);
let used = random.length;

/** A random id of so many bytes in hex, never all zeros. */
export function newId(sizeBytes: 8 | 16): string {
  for (;;) {
    if (used + sizeBytes > random.length) {
      randomFillSync(random);
      used = 0;
    }
    const id = random.hexSlice(used, (used += sizeBytes));
    if (id[0] !== '0' || !/^0+$/.test(id)) return id;
  }
}

function header(headers: HeadersLike, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = headers[name] ?? headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? ''];
  return Array.isArray(value) ? (value as readonly string[]).join(',') : (value as string | undefined);
}
