import { configOf, connectorContract, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { connectorFactory, factory } from '../src/index.ts';

const test = { describe, it, expect };

describe('taking everything', () =>
  processorContract(test, factory, { config: configOf(factory, { metrics: [{ aggregations: ['sum'] }] }) }));
describe('taking nothing', () => processorContract(test, factory, { config: configOf(factory, { metrics: [{ metrics: ['none'] }] }) }));
describe('keeping the input', () => {
  processorContract(test, factory, {
    config: configOf(factory, { keep_input: true, metrics: [{ aggregations: ['p99'], dimensions: [] }] }),
  });
});
connectorContract(test, connectorFactory, {
  config: configOf(connectorFactory, { spans: [{}], logs: [{ dimensions: ['severity_text'] }] }),
});
