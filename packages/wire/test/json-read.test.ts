import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeMessageJson } from '@millrace/wire';

import { check } from './check.ts';
import { jsonText, picks } from './json-text.ts';
import { knownMessage } from './known-message.ts';
import { decode, encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';

const requests = ['ExportTraceServiceRequest', 'ExportMetricsServiceRequest', 'ExportLogsServiceRequest'];

/** What the reference reads from our bytes. */
function read(message: string, json: string): PlainMessage {
  return decode(message, decodeMessageJson(message, json));
}

/** A message as it comes back from the reference: defaults left out. */
function settled(message: string, plain: PlainMessage): PlainMessage {
  return decode(message, encode(message, plain));
}

describe('OTLP/JSON read into protobuf', () => {
  it.each(requests)('is what the reference encodes: %s in any legal spelling', (message) => {
    check(
      80,
      fc.property(knownMessage(message), fc.integer(), (plain, seed) => {
        expect(read(message, jsonText(message, plain, picks(seed)))).toEqual(settled(message, plain));
      }),
    );
  });

  it.each(requests)('is byte for byte canonical when the text is: %s', (message) => {
    check(
      80,
      fc.property(knownMessage(message), (plain) => {
        expect(decodeMessageJson(message, jsonText(message, plain)).equals(encode(message, plain))).toBe(true);
      }),
    );
  });

  it("reads the values of the specification's own example", () => {
    const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},"scopeSpans":[{
      "scope":{"name":"my.library","version":"1.0.0","attributes":[{"key":"my.scope.attribute","value":{"stringValue":"some scope attribute"}}]},
      "spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
        "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000001,"kind":2,
        "attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]}`;
    expect(read('ExportTraceServiceRequest', json)).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'my.service' } }] },
          scopeSpans: [
            {
              scope: {
                name: 'my.library',
                version: '1.0.0',
                attributes: [{ key: 'my.scope.attribute', value: { stringValue: 'some scope attribute' } }],
              },
              spans: [
                {
                  traceId: Uint8Array.from(Buffer.from('5b8efff798038103d269b633813fc60c', 'hex')),
                  spanId: Uint8Array.from(Buffer.from('eee19b7ec3c1b174', 'hex')),
                  parentSpanId: Uint8Array.from(Buffer.from('eee19b7ec3c1b173', 'hex')),
                  name: "I'm a server span",
                  kind: 2,
                  startTimeUnixNano: 1544712660000000000n,
                  endTimeUnixNano: 1544712661000000001n,
                  attributes: [{ key: 'my.span.attr', value: { stringValue: 'some value' } }],
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('reads every type of metric', () => {
    const point = '"timeUnixNano":"1544712660300000000"';
    const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
      {"name":"counter","unit":"1","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","isMonotonic":true,"dataPoints":[{"asDouble":5,${point}}]}},
      {"name":"gauge","gauge":{"dataPoints":[{"asInt":"-10",${point},"exemplars":[{"asDouble":"NaN","filteredAttributes":[]}]}]}},
      {"name":"histogram","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":2,"sum":0,"min":0.5,"bucketCounts":[1,"1"],"explicitBounds":[1e0],${point}}]}},
      {"name":"exponential","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"scale":-3,"zeroCount":"1","positive":{"offset":-1,"bucketCounts":["0",2]}}]}},
      {"name":"summary","summary":{"dataPoints":[{"count":"3","sum":1.5,"quantileValues":[{"quantile":0.99,"value":"Infinity"}]}]}}]}]}]}`;
    const timeUnixNano = 1544712660300000000n;
    expect(read('ExportMetricsServiceRequest', json)).toEqual({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'counter',
                  unit: '1',
                  sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ asDouble: 5, timeUnixNano }] },
                },
                { name: 'gauge', gauge: { dataPoints: [{ asInt: -10n, timeUnixNano, exemplars: [{ asDouble: NaN }] }] } },
                {
                  name: 'histogram',
                  histogram: {
                    aggregationTemporality: 1,
                    dataPoints: [{ count: 2n, sum: 0, min: 0.5, bucketCounts: [1n, 1n], explicitBounds: [1], timeUnixNano }],
                  },
                },
                {
                  name: 'exponential',
                  exponentialHistogram: {
                    aggregationTemporality: 2,
                    dataPoints: [{ scale: -3, zeroCount: 1n, positive: { offset: -1, bucketCounts: [0n, 2n] } }],
                  },
                },
                {
                  name: 'summary',
                  summary: { dataPoints: [{ count: 3n, sum: 1.5, quantileValues: [{ quantile: 0.99, value: Infinity }] }] },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('reads logs', () => {
    const json = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","severityNumber":"SEVERITY_NUMBER_INFO4","severityText":"Information",
      "body":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"boolValue":false},{"bytesValue":"+/8="},{"bytesValue":"-_8"},{"doubleValue":-0},{}]}}}]}},
      "traceId":"","flags":"3"}]}]}]}`;
    const values = [
      { boolValue: false },
      { bytesValue: Uint8Array.of(0xfb, 0xff) },
      { bytesValue: Uint8Array.of(0xfb, 0xff) },
      { doubleValue: -0 },
      {},
    ];
    const body = { kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values } } }] } };
    const record = { timeUnixNano: 1n, severityNumber: 12, severityText: 'Information', body, flags: 3 };
    expect(read('ExportLogsServiceRequest', json)).toEqual({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  });

  it.each([
    ['{}', {}],
    ['{"partialSuccess":{}}', { partialSuccess: {} }],
    [
      '{"partial_success":{"rejectedSpans":"7","errorMessage":"no \\"room\\""}}',
      { partialSuccess: { rejectedSpans: 7n, errorMessage: 'no "room"' } },
    ],
    [' { "partialSuccess" : null } ', {}],
  ])('reads the response %s', (json, expected) => {
    expect(read('ExportTraceServiceResponse', json)).toEqual(expected);
  });

  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['"0"', 0n],
    ['"+7"', 7n],
    ['"007"', 7n],
    ['1e3', 1000n],
    ['1.50E+2', 150n],
    ['120e-1', 12n],
    ['0.001e3', 1n],
    ['0e999999', 0n],
    ['0.0', 0n],
    ['9007199254740993', 2n ** 53n + 1n],
    ['922337203685477580.7e1', 2n ** 63n - 1n],
    ['"-9223372036854775808"', -(2n ** 63n)],
    ['"\\u0034\\u0032"', 42n],
  ])('reads the integer %s exactly', (text, value) => {
    expect(read('AnyValue', `{"intValue":${text}}`)).toEqual({ intValue: value });
  });

  it.each([
    ['0', 0],
    ['-0', -0],
    ['-0.0', -0],
    ['123456789012345', 123456789012345],
    ['1234567890123456', 1234567890123456],
    ['-0.1', -0.1],
    ['0.30000000000000004', 0.30000000000000004],
    ['1e-400', 0],
    ['"1.5"', 1.5],
    ['"-Infinity"', -Infinity],
    ['"inf"', Infinity],
    ['"+Inf"', Infinity],
    ['"nan"', NaN],
  ])('reads the double %s', (text, value) => {
    expect(read('AnyValue', `{"doubleValue":${text}}`)).toEqual({ doubleValue: value });
  });

  it.each([
    ['\\ud83d\\ude00', '😀'],
    ['\\u0000\\b\\f\\n\\r\\t\\/\\\\\\"', '\0\b\f\n\r\t/\\"'],
    ['\\ud83d', '\ufffd'],
    ['\\ude00x', '\ufffdx'],
    ['\\ud83d\\ud83d\\ude00', '\ufffd😀'],
    ['\\ud83d\\n', '\ufffd\n'],
    ['\\u00e9\\u20AC', 'é€'],
    ['\u007f\u2028é€😀', '\u007f\u2028é€😀'],
  ])('reads the string "%s"', (text, value) => {
    expect(read('AnyValue', `{"stringValue":"${text}"}`)).toEqual({ stringValue: value });
  });

  it('passes bytes that are not UTF-8 through', () => {
    const bytes = decodeMessageJson(
      'AnyValue',
      Buffer.concat([Buffer.from('{"stringValue":"a'), Buffer.of(0xff, 0xc3), Buffer.from('"}')]),
    );
    expect(bytes).toEqual(Buffer.from([0x0a, 3, 0x61, 0xff, 0xc3]));
  });

  it('takes the last of repeated members and skips unknown ones', () => {
    const json = '{"name":"a","kind":3,"x":{"name":"no"},"name":"","kind":0,"name":null,"droppedEventsCount":1}';
    expect(read('Span', json)).toEqual({ droppedEventsCount: 1 });
    expect(read('AnyValue', '{"stringValue":"a","intValue":1,"boolValue":null}')).toEqual({ intValue: 1n });
  });

  it('leaves default values out where presence does not matter, and keeps them where it does', () => {
    const json = '{"count":0,"sum":0,"min":-0,"flags":0,"attributes":[],"bucketCounts":[],"startTimeUnixNano":"0"}';
    expect(decodeMessageJson('HistogramDataPoint', json)).toEqual(encode('HistogramDataPoint', { sum: 0, min: -0 }));
    expect(decodeMessageJson('AnyValue', '{"stringValue":""}')).toEqual(Buffer.of(0x0a, 0));
    expect(decodeMessageJson('Span', '{"traceId":"","name":"","status":{}}')).toEqual(Buffer.of(0x7a, 0));
  });

  it('reads null in a list of messages as an empty one', () => {
    expect(read('ArrayValue', '{"values":[null,{"intValue":1}, null ]}')).toEqual({ values: [{}, { intValue: 1n }, {}] });
  });

  it('makes room for numbers that are shorter as text', () => {
    const counts = Array.from({ length: 5000 }, () => '7').join(',');
    const { bucketCounts } = read('HistogramDataPoint', `{"bucketCounts":[${counts}]}`);
    expect(bucketCounts).toEqual(Array.from({ length: 5000 }, () => 7n));
  });

  it('reads values nested 64 deep', () => {
    const json = `${'{"arrayValue":{"values":['.repeat(63)}{"intValue":"5"}${']}}'.repeat(63)}`;
    const bytes = decodeMessageJson('KeyValue', `{"value":${json}}`);
    let value = decode('KeyValue', bytes)['value'];
    for (let depth = 0; depth < 63; depth++) value = (value as { arrayValue: { values: PlainMessage[] } }).arrayValue.values[0];
    expect(value).toEqual({ intValue: 5n });
  });
});
