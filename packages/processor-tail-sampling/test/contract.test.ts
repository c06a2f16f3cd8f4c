import { describe, expect, it } from '@jest/globals';
import { configOf, processorContract } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, {
  config: configOf(factory, { policies: [{ name: 'all', type: 'always_sample' }], decision_wait: '1s' }),
});
