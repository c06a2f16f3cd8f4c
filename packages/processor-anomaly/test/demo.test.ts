import { beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '../../../benchmarks/judgement/anomaly-runs.ts';
import type { RunResult } from '../../../benchmarks/judgement/anomaly-runs.ts';

const options = { days: 4, thinPerSecond: 0.04, fullPerSecond: 4 };

describe.each(['small-1', 'small-2'])('The traffic of the demo, seed %s (SHM-8)', (seed) => {
  let result: RunResult;
  beforeAll(async () => {
    result = await run({ ...options, seed });
  });

  it('has no anomalies but its incidents, with deploys, weekends and bursts', () => {
    expect(result.falsePositives).toEqual([]);
    expect(result.outcomes.length).toBeGreaterThan(3);
  });

  it('has its incidents caught: those of cost, duration and quality in time', () => {
    const promised = result.outcomes.filter(({ promisedSeconds }) => promisedSeconds !== undefined);
    expect(promised.filter(({ delaySeconds }) => delaySeconds === undefined)).toEqual([]);
    const kinds = ['cost_spike', 'latency_spike', 'quality_drop'];
    const late = promised.filter(
      ({ incident, delaySeconds, promisedSeconds }) => kinds.includes(incident.kind) && delaySeconds! > promisedSeconds!,
    );
    expect(late).toEqual([]);
  });
});
