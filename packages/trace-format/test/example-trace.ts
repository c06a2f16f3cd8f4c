import { type Batch, BatchBuilder, type BufferPool } from '@millrace/wire';

/** Nanoseconds since the epoch at which the example starts. */
export const startNano = 1_790_000_000_123_456_789n;
/** The trace id of the example. */
export const traceId = '0102030405060708090a0b0c0d0e0f10';

/** A batch of three spans with everything that OTLP knows of a span, in two resources. */
export function exampleTrace(pool: BufferPool): Batch {
  const builder = new BatchBuilder('traces', pool);
  const scope = builder.resource({ 'service.name': 'shop', 'host.name': 'web-1', pid: 4711n }).scope('lib', '1.2', { own: 'scope' });
  scope.span({
    traceId,
    spanId: '1111111111111111',
    traceState: 'a=b',
    name: 'GET /Cart',
    kind: 2,
    startTimeUnixNano: startNano,
    endTimeUnixNano: startNano + 2_500_000n,
    attributes: {
      text: 'äöü',
      long: 'x'.repeat(100),
      int: -5n,
      double: 0.25,
      bool: true,
      no: false,
      bytes: Uint8Array.of(1, 255),
      map: { z: 1n, a: ['x', 0.5, undefined, Uint8Array.of(1), Number.NaN] },
      nothing: undefined,
      odd: Number.POSITIVE_INFINITY,
      'network.local.address': '10.0.0.1',
      'net.host.port': 8080n,
    },
    events: [
      { timeUnixNano: startNano + 1000n, name: 'cache miss', attributes: { key: 'k' }, droppedAttributesCount: 2 },
      { timeUnixNano: startNano + 2000n, name: 'bare' },
      { timeUnixNano: startNano + 3000n, name: 'hidden', attributes: { event: 'shown' } },
    ],
  });
  scope.span({
    traceId,
    spanId: '2222222222222222',
    parentSpanId: '1111111111111111',
    name: 'charge',
    kind: 3,
    startTimeUnixNano: startNano,
    endTimeUnixNano: startNano + 1n,
    status: { code: 2, message: 'declined' },
    attributes: {
      'service.peer.name': 'bank',
      'network.peer.address': '2001:db8::1',
      'net.peer.port': 443n,
      'http.response.status_code': 402n,
    },
    links: [
      { traceId: 'ff'.repeat(16), spanId: 'ee'.repeat(8), traceState: 'x=y', attributes: { k: 'v' }, droppedAttributesCount: 1 },
      { traceId, spanId: '1111111111111111', attributes: { 'opentracing.ref_type': 'follows_from' } },
      { traceId: 'dd'.repeat(16), spanId: 'cc'.repeat(8), attributes: { 'opentracing.ref_type': 'child_of' } },
    ],
  });
  builder
    .resource()
    .scope()
    .span({
      traceId,
      spanId: '3333333333333333',
      name: '',
      kind: 1,
      startTimeUnixNano: startNano,
      endTimeUnixNano: startNano - 1n,
      status: { code: 1 },
    });
  return builder.finish()!;
}
