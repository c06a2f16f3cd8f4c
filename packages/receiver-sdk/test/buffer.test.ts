import { PipelineError } from '@millrace/api';
import type { Signal } from '@millrace/api';
import { settle } from '@millrace/api/testing';
import type { EndedSpan } from '@millrace/receiver-sdk';
import { describe, expect, it } from '@jest/globals';
import { startLab } from './lab.ts';

const forever = new AbortController().signal;
const resource = { attributes: { 'service.name': 'shop' } };
const instrumentationScope = { name: 'test' };

function span(name: string, over: Partial<EndedSpan> = {}): EndedSpan {
  return {
    name,
    kind: 0,
    spanContext: () => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }),
    startTime: [1, 0],
    endTime: [1, 500],
    status: { code: 0 },
    attributes: {},
    links: [],
    events: [],
    resource,
    instrumentationScope,
    ...over,
  };
}

interface Traces {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string }[] }[] }[];
}

const spanNames = ({ resourceSpans }: Traces): string[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans.map(({ name }) => name));

const refusal = (kind: 'retryable' | 'permanent', retryAfterMs?: number): PipelineError =>
  new PipelineError('not now', { kind, ...(retryAfterMs !== undefined && { retryAfterMs }) });

describe('Spans that come one by one', () => {
  it('wait for flush_interval, or until max_batch_size are there', async () => {
    const lab = await startLab({ flush_interval: '1s', max_batch_size: 3 });
    lab.inlet.span(span('a'));
    await lab.clock.advance(999);
    expect(lab.sink('traces').items).toBe(0);
    await lab.clock.advance(1);
    expect(lab.sink('traces').items).toBe(1);
    for (const name of ['b', 'c', 'd']) lab.inlet.span(span(name));
    await lab.clock.advance(0);
    expect(lab.sink('traces').requests).toHaveLength(2);
    await lab.receiver.shutdown?.(forever);
  });

  it('are passed on when the application asks for it, and at the shutdown', async () => {
    const lab = await startLab();
    lab.inlet.span(span('a'));
    await lab.inlet.flush();
    expect(lab.sink('traces').items).toBe(1);
    lab.inlet.span(span('b'));
    await lab.receiver.shutdown?.(forever);
    expect(lab.sink('traces').items).toBe(2);
    expect(lab.inlet.wants('traces')).toBe(false);
    expect(lab.context.items).toMatchObject({ dropped: {}, created: 0 });
  });

  it('are offered again, not before the pipeline asks for it, while newer ones gather', async () => {
    const lab = await startLab({ flush_interval: '10ms' });
    const sink = lab.sink('traces');
    let calls = 0;
    sink.before = () => {
      if (++calls === 1) throw refusal('retryable', 300);
      return undefined;
    };
    lab.inlet.span(span('a'));
    await lab.clock.advance(10);
    lab.inlet.span(span('b'));
    await lab.clock.advance(299);
    expect([calls, sink.items]).toEqual([1, 0]);
    await lab.clock.advance(1);
    await lab.clock.advance(10);
    expect([calls, sink.items]).toEqual([3, 2]);
    await lab.receiver.shutdown?.(forever);
    expect(lab.context.items.dropped).toEqual({});
  });

  it('are dropped and counted beyond max_buffer_mib, and the oldest arrive', async () => {
    const lab = await startLab({ max_buffer_mib: 1, flush_interval: '1ms' });
    const sink = lab.sink('traces');
    let open = false;
    sink.before = () => {
      if (!open) throw refusal('retryable');
      return undefined;
    };
    const large = { text: 'x'.repeat(100_000) };
    for (let i = 0; i < 30; i++) {
      lab.inlet.span(span(`s${i}`, { attributes: large }));
      if (i === 3) await lab.clock.advance(1);
    }
    await lab.clock.advance(1);
    const { queue_full: dropped = 0 } = lab.context.items.dropped;
    expect(lab.context.items.created).toBe(dropped);
    open = true;
    await lab.clock.advance(10_000);
    await lab.receiver.shutdown?.(forever);
    expect(lab.context.items.dropped).toEqual({ queue_full: dropped });
    const names = lab.received('traces').flatMap((request) => spanNames(request as Traces));
    // The last one begins below the limit.
    expect(names).toEqual(Array.from({ length: 11 }, (_, i) => `s${i}`));
    expect(names.length + dropped).toBe(30);
  });

  it('are dropped and counted when the pipeline refuses for good, when they are malformed, and after the shutdown', async () => {
    const lab = await startLab({ flush_interval: '1ms' });
    lab.sink('traces').before = () => {
      throw refusal('permanent');
    };
    lab.inlet.span(span('a'));
    await lab.clock.advance(1);
    lab.inlet.span(span('b', { spanContext: () => ({ traceId: 'no hex', spanId: '', traceFlags: 0 }) }));
    await lab.clock.advance(1);
    expect(lab.context.items.dropped).toEqual({ permanent: 1, malformed: 1 });
    expect(lab.context.lines.map(({ message }) => message)).toEqual([
      'Telemetry of the application was refused.',
      'An item of the application could not be encoded.',
    ]);
    await lab.receiver.shutdown?.(forever);
  });

  it('are given up when the time to shut down is over', async () => {
    const lab = await startLab({ flush_interval: '1ms' });
    lab.sink('traces').before = () => {
      throw refusal('retryable');
    };
    lab.inlet.span(span('a'));
    const time = new AbortController();
    const stopping = lab.receiver.shutdown?.(time.signal);
    await settle();
    time.abort();
    await stopping;
    expect(lab.context.items.dropped).toEqual({ shutdown: 1 });
  });

  it('do not keep a flush waiting for ever', async () => {
    const lab = await startLab({ flush_interval: '1ms' });
    lab.sink('traces').before = () => new Promise(() => {});
    lab.inlet.span(span('a'));
    let done = false;
    const flushing = lab.inlet.flush().then(() => (done = true));
    await lab.clock.advance(4_999);
    expect(done).toBe(false);
    await lab.clock.advance(1);
    await flushing;
    expect(done).toBe(true);
  });

  it('go nowhere, at no cost, without a pipeline for them', async () => {
    const lab = await startLab({}, ['metrics']);
    lab.inlet.span(span('a'));
    await lab.inlet.spans([span('b')]);
    expect((['traces', 'metrics', 'logs'] as Signal[]).map((signal) => lab.inlet.wants(signal))).toEqual([false, true, false]);
    expect(lab.clock.pending).toBe(0);
    expect(lab.context.items).toMatchObject({ created: 0, dropped: {} });
  });
});

describe('Spans that come together', () => {
  it('are acknowledged when the pipeline took them', async () => {
    const lab = await startLab();
    await lab.inlet.spans([span('a'), span('b')]);
    expect(lab.sink('traces').items).toBe(2);
    await lab.inlet.logs([]);
    expect(lab.sink('logs').requests).toEqual([]);
  });

  it("stay the application's when the pipeline refuses, or the memory is used up", async () => {
    const lab = await startLab();
    lab.sink('traces').before = () => {
      throw refusal('retryable');
    };
    await expect(lab.inlet.spans([span('a')])).rejects.toMatchObject({ kind: 'retryable' });
    const small = await startLab({}, ['traces'], 0);
    await expect(small.inlet.spans([span('a')])).rejects.toMatchObject({ kind: 'retryable' });
    small.inlet.span(span('b'));
    expect(small.context.items.dropped).toEqual({ queue_full: 1 });
  });

  it('are refused whole when one of them is malformed', async () => {
    const lab = await startLab();
    const bad = span('b', { parentSpanId: 'zz' });
    await expect(lab.inlet.spans([span('a'), bad])).rejects.toThrow('is no id of 8 bytes in hex');
    expect(lab.sink('traces').items).toBe(0);
  });
});

describe('Spans of older SDKs', () => {
  it('have their parent and scope under older names', async () => {
    const lab = await startLab();
    const { instrumentationScope: _, ...rest } = span('old', { parentSpanId: '00f067aa0ba902b7' });
    await lab.inlet.spans([{ ...rest, instrumentationLibrary: { name: 'lib', version: '1' } }]);
    expect(lab.received('traces')).toMatchObject([
      {
        resourceSpans: [
          { scopeSpans: [{ scope: { name: 'lib', version: '1' }, spans: [{ name: 'old', parentSpanId: '00f067aa0ba902b7' }] }] },
        ],
      },
    ]);
  });
});

describe('Times', () => {
  it.each([
    [0, 0],
    [1, 999_999_999],
    [65_535, 999_999_999],
    [65_536, 1],
    [1_790_000_000, 123_456_789],
    [1_790_000_000, 999_999_999.6],
    [2 ** 34 - 1, 999_999_999],
    [2 ** 34, 5],
    [1_790_000_000, 1_500_000_000],
  ])('are exact: %d s and %d ns', async (seconds, nanoseconds) => {
    const lab = await startLab();
    await lab.inlet.spans([span('a', { startTime: [seconds, nanoseconds] })]);
    const expected = BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(nanoseconds));
    const [{ resourceSpans }] = lab.received('traces') as [
      { resourceSpans: { scopeSpans: { spans: { startTimeUnixNano: string | bigint }[] }[] }[] },
    ];
    expect(BigInt(resourceSpans[0]!.scopeSpans[0]!.spans[0]!.startTimeUnixNano)).toBe(expected);
  });
});

describe('Attributes of every kind', () => {
  it('are kept, and what telemetry cannot hold is left out', async () => {
    const lab = await startLab();
    const attributes = {
      big: 2n ** 62n,
      bytes: new Uint8Array([1]),
      map: { a: [null, undefined, 1] },
      none: null,
      work: () => {},
      symbol: Symbol('s'),
    };
    await lab.inlet.spans([span('a', { attributes })]);
    expect(
      JSON.stringify(lab.received('traces'), (_, value) => (typeof value === 'bigint' ? String(value) : (value as unknown))),
    ).toContain(
      JSON.stringify([
        { key: 'big', value: { intValue: String(2n ** 62n) } },
        { key: 'bytes', value: { bytesValue: { 0: 1 } } },
        { key: 'map', value: { kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values: [{}, {}, { intValue: '1' }] } } }] } } },
        { key: 'work', value: {} },
        { key: 'symbol', value: {} },
      ]).slice(1, -1),
    );
  });
});
