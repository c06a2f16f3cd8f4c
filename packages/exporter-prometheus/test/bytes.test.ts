import { admitBytes, noClient } from '@millrace/wire';
import { configOf, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import { expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

/** A field with its length before it. */
function field(tag: number, ...content: readonly (number | Buffer)[]): Buffer {
  const bytes = Buffer.concat(content.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)));
  return Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
}

const attribute = (key: string, value: string): Buffer =>
  field(0x3a, field(0x0a, Buffer.from(key)), field(0x12, field(0x0a, Buffer.from(value))));

it('prometheus reads points with fields between the attributes, and with fields that nobody knows', async () => {
  const value = Buffer.from([0x31, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const unknown = [
    Buffer.from([0x80, 0x7d, 0x85, 0x01]), // 2000: varint
    Buffer.from([0x81, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8]), // 2000: 64 bits
    Buffer.concat([Buffer.from([0x82, 0x7d, 0x82, 0x01]), Buffer.alloc(130)]), // 2000: 130 bytes
    Buffer.from([0x85, 0x7d, 1, 2, 3, 4]), // 2000: 32 bits
    Buffer.from([0x7d, 1, 2, 3, 4]), // 15: 32 bits
    // 2000: a group with one field of each kind and a group.
    Buffer.from([0x83, 0x7d, 0x08, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 0x01, 0x00, 0x25, 1, 2, 3, 4, 0x2b, 0x2c, 0x84, 0x7d]),
  ];
  const context = testContext({ id: 'prometheus', kind: 'exporter', signal: 'metrics', clock: systemClock });
  const host = testHost();
  const stage = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', without_scope_info: true }), context);
  await stage.start?.(host);
  const points = [
    [attribute('a', '1'), value, attribute('b', '2')],
    [...unknown, attribute('b', '2'), ...unknown, attribute('a', '1'), value],
    [value],
  ];
  for (const point of points) {
    using batch = admitBytes('metrics', request(point), noClient, host.pool);
    expect(stage.consume(batch)).toBeUndefined();
  }
  const endpoint = String(context.lines.at(-1)!.attributes!['endpoint']);
  expect(await (await fetch(`http://${endpoint}/metrics`)).text()).toBe('# HELP m \n# TYPE m gauge\nm{a="1",b="2"} -2\nm -2\n');
  await stage.shutdown?.(noDeadline());
});

/** As `field`, of any length. */
function largeField(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes]);
}

function request(point: readonly Buffer[]): Buffer {
  const metric = largeField(0x12, field(0x0a, Buffer.from('m')), largeField(0x2a, largeField(0x0a, ...point)));
  return largeField(0x0a, largeField(0x12, metric));
}
