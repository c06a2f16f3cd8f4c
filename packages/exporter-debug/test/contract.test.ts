import { configOf, exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

describe.each(['basic', 'normal', 'detailed'])('with verbosity %s', (verbosity) => {
  exporterContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { verbosity }) }));
});
