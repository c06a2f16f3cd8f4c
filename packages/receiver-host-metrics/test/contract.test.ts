import { configOf, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { recordedHost } from './host.ts';

receiverContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { root_path: recordedHost(), scrapers: { cpu: {}, filesystem: {}, process: {} } }),
}));
