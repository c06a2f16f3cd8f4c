import { describe, expect, it } from '@jest/globals';
import { configOf } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

describe('Processor resource', () => {
  it('needs attributes, and good ones', () => {
    const { validateConfig } = factory;
    const insert = { key: 'region', action: 'insert', value: 'eu' };
    expect(validateConfig!(configOf(factory))).toEqual(['missing required field "attributes"']);
    expect(validateConfig!(configOf(factory, { attributes: [insert, { key: 'a', action: 'insert' }] }))).toEqual([
      'attributes::1: error with key "a" (1-th action): error creating AttrProc. Either field "value", "from_attribute", "from_context", or "default_value" must be specified',
    ]);
    expect(validateConfig!(configOf(factory, { attributes: [insert] }))).toEqual([]);
  });
});
