import { createParser, ExpositionError, expositionFormat, writeFamilies } from '@millrace/prometheus-format';
import type { ParsedFormat } from '@millrace/prometheus-format';
import { describe, expect, it } from '@jest/globals';
import { example } from './example.ts';

/** What a parser says, as lines of text. */
function parse(format: ParsedFormat, body: Uint8Array | string, pieceBytes = Infinity): string[] {
  const said: string[] = [];
  const bytes = Buffer.from(body);
  const parser = createParser(format, {
    type: (name, type) => void said.push(`TYPE ${name} ${type}`),
    help: (name, help) => void said.push(`HELP ${name} ${JSON.stringify(help)}`),
    unit: (name, unit) => void said.push(`UNIT ${name} ${unit}`),
    sample: (sample) => {
      const { series, name, value, timestampMs, createdMs, isCreated, histogram } = sample;
      const exemplar = sample.exemplar();
      said.push(
        [
          series,
          name,
          JSON.stringify(sample.labels()),
          value,
          ...(Number.isNaN(timestampMs) ? [] : [`at ${timestampMs}`]),
          ...(isCreated ? ['created'] : []),
          ...(Number.isNaN(createdMs) ? [] : [`since ${createdMs}`]),
          ...(exemplar === undefined ? [] : [JSON.stringify(exemplar)]),
          ...(histogram === undefined ? [] : [JSON.stringify(histogram)]),
        ].join(' | '),
      );
    },
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  parser.end();
  return said;
}

const written = (format: ParsedFormat, escaping: 'underscores' | 'allow-utf-8' = 'allow-utf-8'): Buffer =>
  writeFamilies(example, expositionFormat(format, '', escaping), { createdSamples: true });

/** Errors, each after what was said before it. */
function errorOf(format: ParsedFormat, body: Uint8Array | string): string {
  try {
    return `none: ${parse(format, body).join(' ')}`;
  } catch (error) {
    expect(error).toBeInstanceOf(ExpositionError);
    return (error as Error).message;
  }
}

describe('Parsing', () => {
  it.each(['text', 'openmetrics', 'protobuf'] as const)('does not depend on how %s is cut into pieces', (format) => {
    const body = written(format);
    const whole = parse(format, body);
    for (const pieceBytes of [1, 2, 3, 7, 64, 1000]) expect(parse(format, body, pieceBytes)).toEqual(whole);
  });

  it('of protobuf finds what text has, and native histograms beside it', () => {
    const values = (lines: readonly string[]): string[] =>
      lines.filter((line) => !/^(TYPE|HELP|UNIT) /.test(line)).map((line) => line.split(' | ').slice(0, 4).join(' | '));
    const text = values(parse('text', written('text')));
    const protobuf = parse('protobuf', written('protobuf'));
    const isNative = (line: string): boolean => line.startsWith('native_seconds');
    const isGauge = (line: string): boolean => line.startsWith('queue_size');
    expect(values(protobuf).filter((line) => !isNative(line) && !isGauge(line))).toEqual(
      text.filter((line) => !isNative(line) && !isGauge(line)),
    );
    expect(protobuf.filter(isNative)).toEqual([
      'native_seconds{a="b"} | native_seconds | [["a","b"]] | 12 | at -5 | {"count":12,"sum":-3,"schema":-2,"zeroThreshold":1e-128,"zeroCount":2,' +
        '"positive":{"spans":[-3,2,5,1],"counts":[1,4,2]},"negative":{"spans":[7,1],"counts":[3]},' +
        '"exemplars":[{"labels":[["trace_id","n"]],"value":2,"timestampMs":1500}],"isGauge":false}',
      'native_seconds{a="bare"} | native_seconds | [["a","bare"]] | 0 | {"count":0,"sum":0,"schema":0,"zeroThreshold":0,"zeroCount":0,' +
        '"positive":{"spans":[0,0],"counts":[]},"negative":{"spans":[],"counts":[]},"exemplars":[],"isGauge":false}',
    ]);
    expect(protobuf.filter(isGauge).map((line) => line.split(' | ')[0])).toEqual([
      'queue_size_bucket{le="2"}',
      'queue_size_bucket{le="+Inf"}',
      'queue_size_gsum',
      'queue_size_gcount',
    ]);
    expect(protobuf.slice(0, 5)).toEqual([
      'HELP http_requests_total "Help with \\"quotes\\", \\\\ and\\na line."',
      'TYPE http_requests_total counter',
      'UNIT http_requests_total requests',
      'http_requests_total{code="200",path="/a \\"b\\" \\\\ c\\nd"} | http_requests_total | [["code","200"],["path","/a \\"b\\" \\\\ c\\nd"]] | 1234567 | ' +
        'at 1700000000123 | since 1600000000000.5 | {"labels":[["trace_id","abc"]],"value":0.5,"timestampMs":1700000000123}',
      'http_requests_total{code="500"} | http_requests_total | [["code","500"]] | 0 | {"labels":[],"value":1}',
    ]);
    expect(protobuf.filter((line) => line.includes('rpc.latency'))).toEqual(
      expect.arrayContaining(['{"rpc.latency_sum","rpc.method"="m"} | rpc.latency_sum | [["rpc.method","m"]] | 2.5']),
    );
  });

  it('of OpenMetrics finds units, exemplars and when series began', () => {
    const said = parse('openmetrics', written('openmetrics'));
    expect(said.slice(0, 5)).toEqual([
      'HELP http_requests "Help with \\"quotes\\", \\\\ and\\na line."',
      'TYPE http_requests counter',
      'UNIT http_requests requests',
      'http_requests_total{code="200",path="/a \\"b\\" \\\\ c\\nd"} | http_requests_total | [["code","200"],["path","/a \\"b\\" \\\\ c\\nd"]] | 1234567 | ' +
        'at 1700000000123 | {"labels":[["trace_id","abc"]],"value":0.5,"timestampMs":1700000000123}',
      'http_requests_created{code="200",path="/a \\"b\\" \\\\ c\\nd"} | http_requests_created | [["code","200"],["path","/a \\"b\\" \\\\ c\\nd"]] | ' +
        '1600000000.0005 | created | since 1600000000000.5',
    ]);
    expect(said).toContain('{"rpc.latency",x="",quantile="0.99"} | rpc.latency | [["x",""],["quantile","0.99"]] | NaN');
    expect(said).toContain('TYPE target info');
    expect(said).toContain('TYPE queue_size gaugehistogram');
  });
});

describe('Text', () => {
  it('may be written loosely', () => {
    const text = `
# just a comment
#HELP  a_total   Some \\\\ help\\n "quoted" \\x
# TYPE\ta_total\tCOUNTER
# TYPE u untyped
 a_total { b = "c" , d="e", }\t+1.5e+3\t-17\r
a_total{} 0x
`.replace('0x', '.5');
    expect(parse('text', text)).toEqual([
      'HELP a_total "Some \\\\ help\\n \\"quoted\\" \\\\x"',
      'TYPE a_total counter',
      'TYPE u unknown',
      'a_total { b = "c" , d="e", } | a_total | [["b","c"],["d","e"]] | 1500 | at -17',
      'a_total{} | a_total | [] | 0.5',
    ]);
  });

  it.each([
    ['a NaN', NaN],
    ['a +Inf', Infinity],
    ['a -inf', -Infinity],
    ['a 1e-400', 0],
    ['a 123456789012345678', 123_456_789_012_345_680],
    ['a 00012', 12],
    ['a 1.', 1],
  ])('%s has the value %d', (text, value) => {
    expect(parse('text', text)).toEqual([`a | a | [] | ${value}`]);
  });

  it('ends with or without a newline', () => {
    expect(parse('text', 'a 1\nb 2')).toEqual(parse('text', 'a 1\nb 2\n'));
    expect(parse('text', '')).toEqual([]);
  });

  it.each([
    ['ok 1\n1a 1', 'line 2: expected a metric name'],
    ['=', 'line 1: expected a metric name'],
    ['a', 'line 1: expected a space before the value'],
    ['a ', 'line 1: expected a value, got ""'],
    ['a"b" 1', 'line 1: expected a space before the value'],
    ['\n\na one', 'line 3: expected a value, got "one"'],
    ['a 0x10', 'line 1: expected a value, got "0x10"'],
    ['a 1_000', 'line 1: expected a value, got "1_000"'],
    ['a 1 1.5', 'line 1: expected a timestamp in whole milliseconds'],
    ['a 1 x', 'line 1: expected a timestamp, got "x"'],
    ['a 1 2 3', 'line 1: unexpected "3" at the end'],
    ['a{b="c} 1', 'line 1: a text in quotes does not end'],
    ['a{b="c" 1', 'line 1: expected , or } after a label'],
    ['a{b="c"', 'line 1: expected , or } after a label'],
    ['a{b} 1', 'line 1: expected = after a label name'],
    ['a{1b="c"} 1', 'line 1: expected a label name'],
    ['a{b=c} 1', 'line 1: expected " before a label value'],
    ['a{,} 1', 'line 1: expected a label name'],
    ['{"a","b"} 1', 'line 1: expected = after a label name'],
    ['a{"b"} 1', 'line 1: a second metric name in the braces'],
    ['{b="c"} 1', 'line 1: expected a metric name'],
    ['# TYPE a thing', 'line 1: invalid metric type "thing"'],
    ['# TYPE', 'line 1: expected a metric name'],
    ['# HELP "a"b', 'line 1: expected a space after the name'],
    ['a 1 # {b="c"} 1', 'line 1: unexpected "# {b=\\"c\\"} 1" at the end'],
  ])('%j is an error: %s', (text, message) => {
    expect(errorOf('text', text)).toBe(message);
  });
});

describe('OpenMetrics', () => {
  it.each([
    ['a 1\n', 'line 2: data does not end with # EOF'],
    ['a 1\n# EOF\na 2\n', 'line 3: unexpected data after # EOF'],
    ['a 1\n\n# EOF\n', 'line 2: an empty line'],
    ['#EOF\n', 'line 1: expected a space after #'],
    ['# comment\n# EOF\n', 'line 1: unexpected "comment" after #'],
    ['# TYPE a untyped\n# EOF\n', 'line 1: invalid metric type "untyped"'],
    ['a 1', 'line 1: the line does not end'],
    ['a 1 NaN\n# EOF', 'line 1: expected a timestamp'],
    ['a 1 # b\n# EOF', 'line 1: expected the labels of an exemplar'],
    ['a 1 # {b="c"}\n# EOF', 'line 1: expected an exemplar value, got ""'],
    ['a 1 # {b="c"} 1 x\n# EOF', 'line 1: expected an exemplar timestamp, got "x"'],
    ['a 1 # {b="c"} 1 2 3\n# EOF', 'line 1: unexpected "3" at the end'],
  ])('%j is an error: %s', (text, message) => {
    expect(errorOf('openmetrics', text)).toBe(message);
  });

  it('may end without a newline', () => {
    expect(parse('openmetrics', 'a 1 1.5 # {} 3\n# EOF')).toEqual(['a | a | [] | 1 | at 1500 | {"labels":[],"value":3}']);
  });

  it('has created samples beside some types only', () => {
    const said = parse('openmetrics', '# TYPE a gauge\na_created 1\n# TYPE b counter\nb_created 1\nc_created 1\n# EOF\n');
    expect(said.filter((line) => line.includes('| created'))).toEqual(['b_created | b_created | [] | 1 | created | since 1000']);
  });
});

describe('Protobuf', () => {
  const message = (...bytes: readonly number[]): Buffer => Buffer.from([bytes.length, ...bytes]);

  it('may have float histograms, packed counts, negative times and fields that nobody knows', () => {
    const doubles = Buffer.alloc(16);
    doubles.writeDoubleLE(1.5, 0);
    doubles.writeDoubleLE(2.5, 8);
    const float = (value: number): number[] => [...doubles.fill(0).subarray(0, doubles.writeDoubleLE(value, 0))];
    const counts = [...float(1.5), ...float(2.5)];
    const span = [0x62, 4, 0x08, 0x02, 0x10, 0x02];
    const histogram = [0x21, ...float(4.5), 0x28, 0x02, 0x41, ...float(0.5), ...span, 0x72, counts.length, ...counts, 0xa8, 0x01, 0x07];
    const metric = [0x3a, histogram.length, ...histogram, 0x30, ...Array.from({ length: 9 }, () => 0xff), 0x01, 0xfd, 0x01, 1, 2, 3, 4];
    const family = message(0x0a, 1, 0x68, 0x18, 0x05, 0x22, metric.length, ...metric);
    expect(parse('protobuf', family)).toEqual([
      'TYPE h gaugehistogram',
      'h | h | [] | 4.5 | at -1 | {"count":4.5,"sum":0,"schema":1,"zeroThreshold":0,"zeroCount":0.5,"positive":{"spans":[1,2],"counts":[1.5,2.5]},' +
        '"negative":{"spans":[],"counts":[]},"exemplars":[],"isGauge":true}',
    ]);
  });

  it.each([
    [[5, 0x0a, 1], 'data ends within a metric family'],
    [[0x80], 'data ends within a metric family'],
    [[2, 0x0a, 9], 'offset 3: a field is longer than its message'],
    [[2, 0x18, 0x00], 'a metric family without a name'],
    [[2, 0x18, 0x80], 'offset 3: a number is cut off'],
    [[2, 0x0b, 0x00], 'offset 2: wire type 3'],
    [[2, 0x08, 0x01], 'offset 2: field 1 has wire type 0'],
    [Array.from({ length: 11 }, () => 0xff), 'offset 10: a number of more than ten bytes'],
    [[0xff, 0xff, 0xff, 0xff, 0x7f], 'a metric family of 34359738367 bytes'],
  ])('%j is an error: %s', (bytes, text) => {
    expect(errorOf('protobuf', Buffer.from(bytes))).toBe(text);
  });

  it('never does anything but parse or fail, whatever is broken', () => {
    const body = written('protobuf');
    let random = 12_345;
    for (let round = 0; round < 2_000; round++) {
      const broken = Buffer.from(body);
      for (let i = 0; i < 3; i++) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 1;
        broken[random % broken.length] = random >>> 16;
      }
      errorOf('protobuf', broken);
    }
  });
});

describe('Broken text', () => {
  it.each(['text', 'openmetrics'] as const)('never does anything but parse or fail, in %s', (format) => {
    const body = written(format);
    let random = 54_321;
    for (let round = 0; round < 1_000; round++) {
      const broken = Buffer.from(body);
      for (let i = 0; i < 3; i++) {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 1;
        broken[random % broken.length] = ' "{}\\\n,=#1a'.charCodeAt((random >>> 16) % 11);
      }
      errorOf(format, broken);
    }
  });
});
