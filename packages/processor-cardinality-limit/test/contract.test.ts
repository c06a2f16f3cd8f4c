import { configOf, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const test = { describe, it, expect };

describe('with the defaults', () => processorContract(test, factory, { config: configOf(factory) }));
describe('with little room', () => processorContract(test, factory, { config: configOf(factory, { limit: 1 }) }));
