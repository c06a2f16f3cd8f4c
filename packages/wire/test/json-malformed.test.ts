import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { WireError, decodeMessageJson } from '@millrace/wire';

import { check } from './check.ts';
import { decodeJson } from './json-reference.ts';
import { jsonText, picks } from './json-text.ts';
import { knownMessage } from './known-message.ts';
import { decode } from './reference.ts';

function errorOf(message: string, json: string | Uint8Array): WireError {
  try {
    decodeMessageJson(message, json);
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error(`accepted ${json.toString()}`);
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

/** Text with a mark where the error is expected, reason, path. */
type Case = readonly [text: string, reason: string, path: string];

const traces: readonly Case[] = [
  ['¦', 'unexpected end of JSON', ''],
  ['   ¦', 'unexpected end of JSON', ''],
  ['¦[]', 'expected an object', ''],
  ['¦null', 'expected an object', ''],
  ['¦\ufeff{}', 'expected an object', ''],
  ['{¦', 'unexpected end of JSON', ''],
  ['{} ¦x', 'text after the end of the message', ''],
  ['{}¦{}', 'text after the end of the message', ''],
  ['{¦,}', 'expected a string', ''],
  ['{"a":1,¦}', 'expected a string', ''],
  ["{¦'a':1}", 'expected a string', ''],
  ['{"a" ¦1}', "expected ':'", ''],
  ['{"a":¦}', 'expected a value', ''],
  ['{"a":1 ¦"b":2}', "expected ',' or '}'", ''],
  ['{"a":[1 ¦2]}', "expected ',' or ']'", ''],
  ['{"a":[1,¦]}', 'expected a value', ''],
  ['{"a":{"b":1¦]}', "expected ',' or '}'", ''],
  ['{"a":tru¦x}', 'expected true', ''],
  ['{"a":nul¦', 'unexpected end of JSON', ''],
  ['{"a":-¦x}', 'expected a digit', ''],
  ['{"a":¦01}', 'leading zero in a number', ''],
  ['{"a":1.¦e5}', 'expected a digit', ''],
  ['{"a":1e+¦}', 'expected a digit', ''],
  ['{"a":¦+1}', 'expected a value', ''],
  ['{"a":¦NaN}', 'expected a value', ''],
  ['{"a":"¦\\x"}', 'invalid escape', ''],
  ['{"a":"¦\\u12g4"}', 'invalid escape', ''],
  ['{"a":"\\u12¦', 'unexpected end of JSON', ''],
  ['{"a":"x¦\n"}', 'control character in a string', ''],
  ['{"a":"\\n¦\t"}', 'control character in a string', ''],
  ['{"a":"\\"¦', 'unexpected end of JSON', ''],
  ['{"a":"\\¦', 'unexpected end of JSON', ''],
  ['{"resourceSpans":¦{}}', 'expected an array', 'resourceSpans'],
  ['{"resourceSpans":¦1}', 'expected an array', 'resourceSpans'],
  ['{"resource_spans":[¦1]}', 'expected an object', 'resourceSpans'],
  ['{"resourceSpans":[{}¦', 'unexpected end of JSON', 'resourceSpans'],
  ['{"resourceSpans":[nul¦}', 'expected null', 'resourceSpans'],
  ['{"resourceSpans":n¦ope', 'expected null', 'resourceSpans'],
  ['{"resourceSpans":[{"resource":¦[]}]}', 'expected an object', 'resourceSpans.resource'],
  ['{"resourceSpans":[{"resource":{}¦', 'unexpected end of JSON', 'resourceSpans'],
  ['{"resourceSpans":[{"schemaUrl":¦1}]}', 'expected a string', 'resourceSpans.schemaUrl'],
  ['{"resourceSpans":[{"x":¦}]}', 'expected a value', 'resourceSpans'],
];

const span: readonly Case[] = [
  ['{"traceId":¦"00"}', 'expected 32 hexadecimal digits', 'traceId'],
  ['{"spanId":¦"00112233445566zz"}', 'expected 16 hexadecimal digits', 'spanId'],
  ['{"spanId":¦"001122334455667"}', 'expected 16 hexadecimal digits', 'spanId'],
  ['{"parentSpanId":¦5}', 'expected a string', 'parentSpanId'],
  ['{"kind":¦"SPAN_KIND_BEST"}', 'unknown enum value "SPAN_KIND_BEST"', 'kind'],
  ['{"kind":¦"1"}', 'unknown enum value "1"', 'kind'],
  ['{"kind":¦true}', 'expected a number or a string of digits', 'kind'],
  ['{"kind":¦2147483648}', 'enum value out of range', 'kind'],
  ['{"kind":¦-2147483649}', 'enum value out of range', 'kind'],
  ['{"name":¦5}', 'expected a string', 'name'],
  ['{"name":"a¦', 'unexpected end of JSON', 'name'],
  ['{"name":"a¦\u0001"}', 'control character in a string', 'name'],
  ['{"name":"¦\\q"}', 'invalid escape', 'name'],
  ['{"startTimeUnixNano":¦-1}', 'integer out of range of fixed64', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦"18446744073709551616"}', 'integer out of range', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦99999999999999999999999999}', 'integer out of range', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦1e20}', 'integer out of range', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦1e999999999999}', 'integer out of range', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦1.5}', 'expected an integer, not a fraction', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦1e-9}', 'expected an integer, not a fraction', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦""}', 'expected a decimal integer', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦" 1"}', 'expected a decimal integer', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦"0x10"}', 'expected a decimal integer', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":¦01}', 'leading zero in a number', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":-¦}', 'expected a digit', 'startTimeUnixNano'],
  ['{"startTimeUnixNano":12¦x}', "expected ',' or '}'", ''],
  ['{"droppedLinksCount":¦4294967296}', 'integer out of range of uint32', 'droppedLinksCount'],
  ['{"flags":¦-1}', 'integer out of range of fixed32', 'flags'],
  ['{"events":[{"attributes":[{"value":{"boolValue":¦"true"}}]}]}', 'expected true or false', 'events.attributes.value.boolValue'],
  ['{"events":[{"attributes":[{"value":{"boolValue":t¦}}]}]}', 'expected true', 'events.attributes.value.boolValue'],
  [
    '{"events":[{"attributes":[{"value":{"intValue":¦9223372036854775808}}]}]}',
    'integer out of range of int64',
    'events.attributes.value.intValue',
  ],
  [
    '{"links":[{"attributes":[{"value":{"intValue":¦"-9223372036854775809"}}]}]}',
    'integer out of range',
    'links.attributes.value.intValue',
  ],
  ['{"attributes":[{"value":{"bytesValue":¦"a"}}]}', 'expected base64', 'attributes.value.bytesValue'],
  ['{"attributes":[{"value":{"bytesValue":¦"ab="}}]}', 'expected base64', 'attributes.value.bytesValue'],
  ['{"attributes":[{"value":{"bytesValue":¦"a b="}}]}', 'expected base64', 'attributes.value.bytesValue'],
  ['{"attributes":[{"value":{"bytesValue":¦"===="}}]}', 'expected base64', 'attributes.value.bytesValue'],
  ['{"attributes":[{"value":{"doubleValue":¦"1.5x"}}]}', 'expected a number, NaN, Infinity or -Infinity', 'attributes.value.doubleValue'],
  ['{"attributes":[{"value":{"doubleValue":¦""}}]}', 'expected a number, NaN, Infinity or -Infinity', 'attributes.value.doubleValue'],
  ['{"attributes":[{"value":{"doubleValue":¦1e999}}]}', 'number out of range', 'attributes.value.doubleValue'],
  ['{"attributes":[{"value":{"doubleValue":¦"-1e999"}}]}', 'number out of range', 'attributes.value.doubleValue'],
  ['{"attributes":[{"value":{"doubleValue":¦false}}]}', 'expected a number', 'attributes.value.doubleValue'],
  ['{"attributes":[{"value":{"doubleValue":¦01}}]}', 'leading zero in a number', 'attributes.value.doubleValue'],
];

const point: readonly Case[] = [
  ['{"bucketCounts":[1,¦null]}', 'expected a number or a string of digits', 'bucketCounts'],
  ['{"bucketCounts":[1 ¦2]}', "expected ',' or ']'", 'bucketCounts'],
  ['{"explicitBounds":[¦null]}', 'expected a number', 'explicitBounds'],
  ['{"explicitBounds":[1,¦]}', 'expected a number', 'explicitBounds'],
];

const all: readonly (readonly [message: string, ...Case])[] = [
  ...traces.map((each) => ['ExportTraceServiceRequest', ...each] as const),
  ...span.map((each) => ['Span', ...each] as const),
  ...point.map((each) => ['HistogramDataPoint', ...each] as const),
];

describe('OTLP/JSON that is not legal', () => {
  it.each(all)('%s %s is refused: %s', (message, marked, reason, path) => {
    const json = marked.replace('¦', '');
    const error = errorOf(message, json);
    const expected = { reason, byteOffset: Buffer.byteLength(marked.slice(0, marked.indexOf('¦'))), fieldPath: path };
    expect({ reason: error.reason, byteOffset: error.byteOffset, fieldPath: error.fieldPath }).toEqual(expected);
  });

  it('is refused when values nest deeper than 64', () => {
    const open = '{"arrayValue":{"values":[';
    const error = errorOf('KeyValue', `{"value":${open.repeat(64)}{}${']}}'.repeat(64)}}`);
    expect(error.reason).toBe('values nested deeper than 64 levels');
    expect(error.byteOffset).toBe('{"value":'.length + open.length * 64);
  });

  it.each(['[', '{"a":', '[{"b":'])('is refused when an unknown value nests without end: %s', (open) => {
    expect(errorOf('Span', `{"x":${open.repeat(100_000)}`).reason).toBe('a value nested deeper than 256 levels');
  });

  it.each([
    ['names', '{"values":['.repeat(100_000)],
    ['values', `{"body":${'{"kvlistValue":{"values":[{"value":'.repeat(100_000)}`],
  ])('is refused when known %s nest without end', (_, json) => {
    expect(() => decodeMessageJson('LogRecord', json)).toThrow(WireError);
  });

  it('is refused when it is cut anywhere', () => {
    const json =
      '{"attributes":[{"key":"k\\u00e9\\n","value":{"doubleValue":-1.5e-3}}],"x":[true,{"y":null}],"kind":"SPAN_KIND_CLIENT","flags":1,"traceId":""}';
    for (let length = 0; length < json.length; length++) {
      const error = errorOf('Span', json.slice(0, length));
      expect(error.reason).toBe('unexpected end of JSON');
      expect(error.byteOffset).toBe(length);
    }
  });

  it('fails with a WireError and nothing else, exactly where a naive reader fails, whatever bytes are changed', () => {
    const signals = ['ExportTraceServiceRequest', 'ExportMetricsServiceRequest', 'ExportLogsServiceRequest'] as const;
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), kind: fc.nat(5), byte: fc.nat(255), length: fc.nat(12) });
    const grammar = Buffer.from('{}[]":,\\u0eE+-.tfn1 ');
    let refused = 0;
    check(
      800,
      fc.property(
        fc.constantFrom(...signals).chain((message) => fc.tuple(fc.constant(message), knownMessage(message))),
        fc.integer(),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        ([message, plain], seed, changes) => {
          let json = Buffer.from(jsonText(message, plain, picks(seed)));
          for (const { at, kind, byte, length } of changes) {
            const offset = Math.floor(at * json.length);
            const [before, after] = [json.subarray(0, offset), json.subarray(offset)];
            const parts = [
              [before, Buffer.of(byte), after.subarray(1)],
              [before, Buffer.of(grammar[byte % grammar.length]!), after.subarray(1)],
              [before, Buffer.of(grammar[byte % grammar.length]!), after],
              [before, after.subarray(length)],
              [before, after.subarray(0, length), after],
              [before],
            ];
            json = Buffer.concat(parts[kind]!);
          }
          const ours = outcome(() => decode(message, decodeMessageJson(message, json)));
          const theirs = outcome(() => decodeJson(message, json));
          if (ours instanceof Error) {
            if (!(ours instanceof WireError)) throw ours;
            refused++;
            expect(ours.byteOffset).toBeGreaterThanOrEqual(0);
            expect(ours.byteOffset).toBeLessThanOrEqual(json.length);
            // Nesting is bounded here and not in the naive reader.
            expect(theirs instanceof Error || /nested deeper/.test(ours.reason)).toBe(true);
          } else expect(ours).toEqual(theirs);
        },
      ),
    );
    expect(refused).toBeGreaterThan(200);
  });
});
