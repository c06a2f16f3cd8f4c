import { describe, expect, it } from '@jest/globals';
import { judge } from '../../../benchmarks/judgement/demo-forecasts.ts';

describe.each(['small-1', 'small-2', 'small-3'])('The traffic of the demo with its incidents, seed %s (SHM-10, ASA-5)', (seed) => {
  it('is forecast for seven days within 20 %, from two weeks of it', async () => {
    const judged = await judge({ seed, requestsPerSecond: 0.01, historyDays: 16, days: 23 });
    expect(judged).toHaveLength(5);
    for (const { metric, value, actual } of judged) expect([metric, Math.abs(value / actual - 1) < 0.2]).toEqual([metric, true]);
    expect(judged.filter(({ inside95 }) => !inside95).length).toBeLessThan(2);
  });
});
