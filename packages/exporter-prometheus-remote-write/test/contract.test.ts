import { configOf, exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { Destination } from './running.ts';

exporterContract({ describe, it, expect }, factory, async () => {
  const destination = await new Destination().listen();
  return { config: configOf(factory, { endpoint: destination.url, target_info: { enabled: false } }), close: () => destination.close() };
});
