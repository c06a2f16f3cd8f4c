import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, key, valueText, walk } from '@millrace/wire';
import type { Plain } from '@millrace/wire';
import { pool } from './walk-harness.ts';

function textOf(value: Plain): string {
  const builder = new BatchBuilder('logs', pool);
  builder.resource().scope().log({ attributes: { value } });
  using batch = builder.finish()!;
  const texts: string[] = [];
  walk([{ onLog: ({ attributes }) => void texts.push(valueText(attributes.value(key('value'))!)) }], (_, error) => {
    throw error;
  }).run(batch);
  return texts[0]!;
}

describe('valueText', () => {
  it.each<[Plain, string]>([
    ['a"b', 'a"b'],
    [12345678901234567n, '12345678901234567'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [true, 'true'],
    [undefined, ''],
    [Uint8Array.of(1, 2, 255), 'AQL/'],
    [[], '[]'],
    [['a', 1n, 2.5, -0, false, undefined, Uint8Array.of(1)], '["a",1,2.5,-0,false,null,"AQ=="]'],
    [{ b: '<\u2028>', a: { 'k"': [1n] } }, '{"a":{"k\\"":[1]},"b":"<\\u2028>"}'],
    [[Infinity], ''],
    [{ a: { b: NaN } }, ''],
  ])('writes %p as %j', (value, text) => {
    expect(textOf(value)).toBe(text);
  });
});
