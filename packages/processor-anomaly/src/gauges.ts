import type { Group } from './group-store.ts';
import type { Judge } from './judge.ts';
import type { Gauge } from './notice.ts';
import { currentOf, naturalOf } from './rules.ts';
import type { Reading } from './rules.ts';

/** Standard normal quantile of 95 %. */
const bandZ = 1.96;

/** What the last interval says of each group that is known well enough. */
export function gaugesOf(readings: ReadonlyMap<Group, readonly Reading[]>, judge: Judge): Gauge[] {
  const gauges: Gauge[] = [];
  for (const [group, ofMeasures] of readings) {
    ofMeasures.forEach(({ calls, expected, deviation, variance }, measure) => {
      if (calls === 0 || !judge.isReady(group, measure)) return;
      const mean = expected / calls;
      const reach = (bandZ * Math.sqrt(variance)) / calls;
      const [low, high] = [currentOf(measure, mean, -reach), currentOf(measure, mean, reach)];
      gauges.push({
        group,
        measure,
        score: judge.score(group, measure),
        value: currentOf(measure, mean, deviation / calls),
        expected: naturalOf(measure, mean),
        lower: Math.min(low, high),
        upper: Math.max(low, high),
      });
    });
  }
  return gauges;
}
