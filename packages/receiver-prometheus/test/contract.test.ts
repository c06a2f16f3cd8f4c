import { configOf, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

receiverContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { config: { scrape_configs: [{ job_name: 'a', static_configs: [{ targets: ['127.0.0.1:1'] }] }] } }),
}));
