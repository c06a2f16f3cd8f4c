import { configOf, exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { Intake } from './intake.ts';

exporterContract({ describe, it, expect }, factory, async (signal) => {
  const intake = await new Intake().listen();
  return {
    config: configOf(factory, intake.settings),
    receivedItems: () => ({ traces: intake.spans, metrics: intake.series, logs: intake.records, profiles: [] })[signal].length,
    close: () => intake.close(),
  };
});
