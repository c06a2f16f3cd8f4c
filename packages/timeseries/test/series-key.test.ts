import { describe, expect, it } from '@jest/globals';
import { SeriesKey } from '@millrace/timeseries';
import { BatchBuilder, BufferPool, key, MemoryLedger, walk } from '@millrace/wire';
import type { DataPointView, PlainAttributes } from '@millrace/wire';

const pool = new BufferPool(new MemoryLedger(1 << 28));
const secret = Int32Array.of(1, 2, 3, 4);

function hashes(attributes: readonly PlainAttributes[], hash: (point: DataPointView) => Int32Array): string[] {
  const builder = new BatchBuilder('metrics', pool);
  const metric = builder.resource({ host: 'a' }).scope().metric({ name: 'm', type: 'gauge' });
  for (const of of attributes) metric.point({ attributes: of });
  using batch = builder.finish()!;
  const found: string[] = [];
  walk([{ onDataPoint: (point) => void found.push(hash(point).join(' ')) }], (_, error) => {
    throw error;
  }).run(batch);
  return found;
}

describe('A series key', () => {
  it('is the same for the same attributes in any order, read or edited in', () => {
    const identity = new SeriesKey(secret);
    const [one, ...others] = hashes([{ a: 'x', b: 2n, long: 'y'.repeat(300) }, { long: 'y'.repeat(300), b: 2n, a: 'x' }, {}], (point) => {
      if (!point.attributes.has(key('a'))) {
        point.attributes.setInt(key('b'), 2);
        point.attributes.setString(key('long'), 'y'.repeat(300));
        point.attributes.setString(key('gone'), 'x');
        point.attributes.setString(key('a'), 'x');
        point.attributes.delete(key('gone'));
      }
      return identity.start().attributes(point.attributes).words;
    });
    expect(others).toEqual([one, one]);
  });

  it('differs by every byte, type and share of bytes between name and value', () => {
    const identity = new SeriesKey(secret);
    const sets: PlainAttributes[] = [{}, { a: 'x' }, { a: 1n }, { a: 1 }, { a: true }, { ax: '' }, { '': 'ax' }, { a: 'x', b: 'x' }];
    for (let i = 0; i < 20_000; i++) sets.push({ user: `user-${i}` }, { user: BigInt(i) });
    for (let length = 2; length < 40; length++) sets.push({ a: 'x'.repeat(length) }, { a: `${'x'.repeat(length)}\0` });
    const found = hashes(sets, (point) => identity.start().attributes(point.attributes).words);
    expect(new Set(found).size).toBe(sets.length);
    for (let word = 0; word < 4; word++) {
      const bits = new Int32Array(32);
      for (const text of found) for (let i = 0, value = Number(text.split(' ')[word]); i < 32; i++) bits[i]! += (value >>> i) & 1;
      for (const set of bits) expect(Math.abs(set / found.length - 0.5)).toBeLessThan(0.02);
    }
  });

  it('takes single attributes by type and value, or a text in place of one', () => {
    const identity = new SeriesKey(secret);
    const of = (point: DataPointView): Int32Array => identity.start().attribute(point.attributes, point.attributes.find(key('a')), 3).words;
    const [text, int, double] = hashes([{ a: 'x', b: 'y' }, { a: 120n }, { a: 120 }], of);
    expect(new Set([text, int, double]).size).toBe(3);
    expect(text).toBe(identity.start().attributeText('x', 3).words.join(' '));
    expect(text).not.toBe(identity.start().attributeText('x', 4).words.join(' '));
  });

  it('tells places and secrets apart, and goes on from words', () => {
    const identity = new SeriesKey(secret);
    const resource = Int32Array.from(identity.start().text('checkout', 1).number(7, 2).words);
    expect(identity.start(resource).words).toEqual(resource);
    expect(identity.start().number(7, 2).text('checkout', 1).words).toEqual(resource);
    expect(identity.start().text('checkout', 2).number(7, 1).words).not.toEqual(resource);
    expect(new SeriesKey(Int32Array.of(1, 2, 3, 5)).start().text('checkout', 1).number(7, 2).words).not.toEqual(resource);
    const bytes = Buffer.from('a checkout');
    expect(identity.start().number(7, 2).range({ buffer: bytes, start: 2, end: 10 }, 1).words).toEqual(resource);
    const long = 'é'.repeat(5000);
    expect(identity.start().text(long, 1).words).toEqual(
      new SeriesKey(secret).start().bytes(Buffer.from(long), 0, Buffer.byteLength(long), 1).words,
    );
    expect(new SeriesKey().secret).toBe(new SeriesKey().secret);
  });
});
