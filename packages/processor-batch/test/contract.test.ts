import { configOf, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const test = { describe, it, expect };

describe('with the defaults', () => processorContract(test, factory, { config: configOf(factory) }));
describe('forwarding at once', () => processorContract(test, factory, { config: configOf(factory, { timeout: '0s' }) }));
describe('with small batches', () => {
  processorContract(test, factory, { config: configOf(factory, { send_batch_size: 12, send_batch_max_size: 15 }) });
});
describe('by metadata', () => processorContract(test, factory, { config: configOf(factory, { metadata_keys: ['tenant'] }) }));
