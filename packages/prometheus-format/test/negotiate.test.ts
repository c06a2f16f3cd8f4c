import { acceptsGzip, expositionFormat, formatOf, negotiate } from '@millrace/prometheus-format';
import { describe, expect, it } from '@jest/globals';

const text = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';

describe('Content negotiation', () => {
  it.each([
    [undefined, text],
    ['', text],
    ['*/*', text],
    ['text/html,application/xhtml+xml,*/*;q=0.8', text],
    ['text/plain;version=9', text],
    ['text/plain;version=1.0.0', 'text/plain; version=1.0.0; charset=utf-8; escaping=underscores'],
    ['text/plain; escaping=dots', 'text/plain; version=0.0.4; charset=utf-8; escaping=dots'],
    ['text/plain; escaping=nonsense', text],
    [prometheus3, 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8'],
    ['application/openmetrics-text', 'application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores'],
    ['application/openmetrics-text;version=2.0.0', text],
    [
      `${protobuf};escaping=values;q=0.8,${prometheus3}`,
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=values',
    ],
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', text],
    ['application/vnd.google.protobuf;proto=other;encoding=delimited', text],
    ['application/json', 'application/json; charset=utf-8; escaping=allow-utf-8'],
    ['application/json;escaping=underscores', 'application/json; charset=utf-8; escaping=underscores'],
    ['application/json, text/plain, */*', 'application/json; charset=utf-8; escaping=allow-utf-8'],
    ['application/json;q=0, text/plain', text],
    ['application/json;q=x', text],
  ])('of %j chooses %s', (accept, contentType) => {
    expect(negotiate(accept, { openMetrics: true }).contentType).toBe(contentType);
  });

  it('never chooses OpenMetrics unless it may', () => {
    expect(negotiate(prometheus3, { openMetrics: false }).contentType).toBe(
      'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
    );
  });

  it('takes gzip when it is accepted', () => {
    const accepted = ['gzip', 'deflate, gzip;q=0.5', '*', 'br, *;q=0.1'];
    const refused = [undefined, '', 'deflate', 'gzip;q=0', '*, gzip;q=0', '*;q=0'];
    expect(accepted.map(acceptsGzip)).toEqual(accepted.map(() => true));
    expect(refused.map(acceptsGzip)).toEqual(refused.map(() => false));
  });

  it('is known again from the content type', () => {
    const kinds = ['text', 'openmetrics', 'protobuf'] as const;
    expect(kinds.map((kind) => formatOf(expositionFormat(kind).contentType))).toEqual(kinds);
    expect(['text/html', '', 'application/json', 'application/vnd.google.protobuf;proto=other'].map(formatOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(formatOf('application/vnd.google.protobuf')).toBe('protobuf');
  });
});
