import { describe, expect, it } from '@jest/globals';
import { differences, pairUp } from '../src/differences.ts';

describe('What is expected of a value', () => {
  it('is about the fields that are named', () => {
    expect(differences({ a: 1, b: { c: 'x' } }, { a: 1, b: { c: 'x', d: 2 }, e: 3 })).toEqual([]);
    expect(differences({ a: 1, b: { c: 'x' } }, { a: 2, b: {} })).toEqual([
      { path: 'a', expected: 1, received: 2 },
      { path: 'b.c', expected: 'x', received: undefined },
    ]);
  });

  it('may be that a field is absent', () => {
    expect(differences({ a: null }, {})).toEqual([]);
    expect(differences({ a: null }, { a: 0 })).toEqual([{ path: 'a', expected: null, received: 0 }]);
  });

  it('may be a regular expression', () => {
    expect(differences({ a: { matches: '^x+$' } }, { a: 'xxx' })).toEqual([]);
    expect(differences({ a: { matches: '^x+$' } }, { a: 'xyz' })).toHaveLength(1);
    expect(differences({ a: { matches: 'x' } }, {})).toHaveLength(1);
    // A map with a key of that name is a map.
    expect(differences({ a: { matches: 'x' } }, { a: { matches: 'x' } })).toEqual([]);
  });

  it('compares lists item by item and durations in any unit', () => {
    expect(differences([1, { a: 2 }], [1, { a: 2, b: 3 }])).toEqual([]);
    expect(differences([1], [1, 2])).toHaveLength(1);
    expect(differences([1], 1)).toHaveLength(1);
    expect(differences({ duration: '1500ms' }, { duration: '1.5s' })).toEqual([]);
    expect(differences({ duration: '1500ms' }, { duration: '2s' })).toHaveLength(1);
    expect(differences({ duration: 'soon' }, { duration: '2s' })).toHaveLength(1);
    expect(differences({ duration: '0s' }, {})).toEqual([]);
  });
});

describe('Items in any order', () => {
  it('are paired with those that fit, then with the nearest', () => {
    const received = [
      { name: 'a', x: 1 },
      { name: 'b', x: 2, y: 3 },
      { name: 'c', x: 9 },
    ];
    const { unlike, others } = pairUp([{ name: 'c' }, { name: 'b', x: 2, y: 4 }], received);
    expect(unlike).toEqual([{ index: 1, found: [{ path: 'y', expected: 4, received: 3 }] }]);
    expect(others).toEqual([{ name: 'a', x: 1 }]);
  });

  it('are missing when nothing is left', () => {
    expect(pairUp([{ name: 'a' }], [])).toEqual({
      unlike: [{ index: 0, found: [{ path: '', expected: { name: 'a' }, received: undefined }] }],
      others: [],
    });
  });
});
