import { describe, expect, it } from '@jest/globals';
import { itemsOf } from '../src/items-of.ts';
import { requestOf } from '../src/request-of.ts';

const now = Date.UTC(2026, 0, 1);

describe('Items in the form of tests', () => {
  it('hold everything of a span', () => {
    const span = {
      name: 'GET /',
      kind: 'server',
      trace_id: '0102030405060708090a0b0c0d0e0f10',
      span_id: '0102030405060708',
      parent_span_id: '0807060504030201',
      trace_state: 'a=b',
      start_time: '2026-01-01T00:00:00.25Z',
      duration: '20ms',
      status: { code: 'error', message: 'no' },
      attributes: { text: 'x', int: 5n, double: 0.5, yes: true, list: [1n, 'a'], map: { deep: 'y' }, none: undefined },
      events: [{ name: 'e', attributes: { a: 1n } }],
      links: [{ trace_id: '0102030405060708090a0b0c0d0e0f10', span_id: '0102030405060708', attributes: { b: 'c' } }],
      resource: { 'service.name': 's' },
      scope: { name: 'lib', version: '1', attributes: { c: 'd' } },
    };
    const [back] = itemsOf('traces', requestOf('traces', [span], now));
    expect(back).toEqual({
      ...span,
      attributes: { text: 'x', int: 5, double: 0.5, yes: true, list: [1, 'a'], map: { deep: 'y' }, none: null },
      events: [{ name: 'e', attributes: { a: 1 }, time: '2026-01-01T00:00:00.25Z' }],
    });
  });

  it('give spans ids, and the time of the clock', () => {
    const spans = itemsOf(
      'traces',
      requestOf(
        'traces',
        [
          { name: 'a', status: 'ok' },
          { name: 'b', scope: 'lib' },
        ],
        now,
      ),
    );
    expect(spans).toEqual([
      { name: 'a', status: 'ok', trace_id: `${'0'.repeat(31)}1`, span_id: `${'0'.repeat(15)}1`, start_time: '2026-01-01T00:00:00Z' },
      { name: 'b', scope: 'lib', trace_id: `${'0'.repeat(31)}1`, span_id: `${'0'.repeat(15)}2`, start_time: '2026-01-01T00:00:00Z' },
    ]);
  });

  it('of one resource and scope stand together', () => {
    const request = requestOf('logs', [{ body: 'a' }, { body: 'b' }, { body: 'c', resource: { x: 'y' } }], now) as {
      resourceLogs: { scopeLogs: { logRecords: unknown[] }[] }[];
    };
    expect(request.resourceLogs.map((group) => group.scopeLogs[0]!.logRecords.length)).toEqual([2, 1]);
  });

  it('hold everything of a log record', () => {
    const log = {
      body: { text: 'x', n: 2n },
      severity_text: 'WARN',
      event_name: 'e',
      attributes: { a: 'b' },
      time: '2026-01-02T00:00:00Z',
    };
    expect(itemsOf('logs', requestOf('logs', [log], now))).toEqual([{ ...log, body: { text: 'x', n: 2 }, severity_number: 13 }]);
  });

  it('hold everything of data points', () => {
    const points = [
      { name: 'g', value: 1.5, attributes: { a: 'b' } },
      { name: 's', type: 'sum', temporality: 'delta', value: 3n, unit: '1', description: 'd', start_time: '2026-01-01T00:00:00Z' },
      { name: 'h', type: 'histogram', count: 3n, sum: 4.5, bucket_counts: [1n, 2n], explicit_bounds: [1.5], time: '2026-01-01T00:00:01Z' },
    ];
    expect(itemsOf('metrics', requestOf('metrics', points, now))).toEqual([
      { name: 'g', type: 'gauge', value: 1.5, attributes: { a: 'b' }, time: '2026-01-01T00:00:00Z' },
      {
        name: 's',
        type: 'sum',
        temporality: 'delta',
        value: 3,
        unit: '1',
        description: 'd',
        is_monotonic: true,
        start_time: '2026-01-01T00:00:00Z',
        time: '2026-01-01T00:00:00Z',
      },
      {
        name: 'h',
        type: 'histogram',
        temporality: 'cumulative',
        count: 3,
        sum: 4.5,
        bucket_counts: [1, 2],
        explicit_bounds: [1.5],
        time: '2026-01-01T00:00:01Z',
      },
    ]);
  });
});
