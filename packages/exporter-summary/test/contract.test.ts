import { configOf, exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

exporterContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { endpoint: '127.0.0.1:0', prices: { catalog: 'none' } }),
}));
