import { describe, expect, it } from '@jest/globals';
import { EventClock, Registry, RollingMean } from '@millrace/instruments';

const windowMs = 60_000;
const startMs = 1_790_000_000_000;

/** A gauge of rates by model, a clock that a test sets, and what a reading shows. */
function lab({ limit = 100 } = {}) {
  const time = { nowMs: startMs };
  const now = (): number => time.nowMs;
  const registry = new Registry({ now, limit });
  const rolling = new RollingMean(windowMs, limit, new EventClock(now), registry.gauge('rate', { labels: ['model'] }));
  registry.observe(() => rolling.show());
  return {
    time,
    add: (model: string, value: number, atMs: number) => rolling.add(rolling.of([model]), value, atMs),
    rolling,
    shown: () => [...registry.text().matchAll(/^rate\{model="(.*)"\} (.*)$/gm)].map(([, model, value]) => `${model} ${value}`),
  };
}

describe('A rolling mean', () => {
  it('is that of the values in the window, and ends when the clock has gone past them', () => {
    const { time, add, shown } = lab();
    add('a', 1, startMs);
    add('a', 0, startMs);
    add('b', 1, startMs);
    expect(shown()).toEqual(['a 0.5', 'b 1']);
    time.nowMs += 30_000;
    add('a', 1, time.nowMs);
    time.nowMs += 40_000;
    expect(shown()).toEqual(['a 1']);
    time.nowMs += 30_000;
    expect(shown()).toEqual([]);
    add('b', 0, time.nowMs);
    expect(shown()).toEqual(['b 0']);
  });

  it('ends in silence after a replay too, and goes on where the replay does', () => {
    const { time, add, shown } = lab();
    const longAgo = startMs - 3_600_000;
    add('a', 1, longAgo);
    expect(shown()).toEqual(['a 1']);
    time.nowMs += 2 * windowMs;
    expect(shown()).toEqual([]);
    add('a', 0, longAgo + 10_000);
    expect(shown()).toEqual(['a 0.5']);
    add('b', 1, longAgo + 65_000);
    expect(shown()).toEqual(['a 0', 'b 1']);
  });

  it('is not held up by values of long ago that go on coming', () => {
    const { time, add, shown } = lab();
    add('a', 1, startMs);
    for (let i = 0; i < 20; i++) {
      time.nowMs += 5_000;
      add('late', 0, startMs - 3_600_000);
    }
    expect(shown()).toEqual([]);
  });

  it('keeps its values when those that follow come sooner or later than the ones before', () => {
    const { time, add, shown } = lab();
    add('a', 0, startMs);
    time.nowMs += 3_000;
    expect(shown()).toEqual(['a 0']);
    add('a', 1, startMs + 500);
    expect(shown()).toEqual(['a 0.5']);
  });

  it('counts a time ahead of the clock as now, and forgets what was later than a clock that was set back', () => {
    const { time, add, shown } = lab();
    add('a', 0, startMs * 1000);
    add('a', 1, startMs);
    expect(shown()).toEqual(['a 0.5']);
    time.nowMs -= 3_600_000;
    add('b', 1, time.nowMs);
    expect(shown()).toEqual(['b 1']);
  });

  it('takes no value that is no number, and tells no more labels apart than its gauge', () => {
    const { add, rolling, shown } = lab({ limit: 3 });
    const kept = rolling.of(['kept']);
    rolling.add(kept, 1, startMs);
    rolling.add(kept, Number.NaN, startMs);
    rolling.add(kept, Infinity, startMs);
    rolling.add(kept, 1, Number.NaN);
    expect(shown()).toEqual(['kept 1']);
    for (let i = 0; i < 10; i++) add(`model ${i}`, 0, startMs);
    expect(shown()).toEqual(['model 8 0', 'model 9 0']);
    rolling.add(kept, 0.5, startMs);
    expect(shown()).toEqual(['model 9 0', 'kept 0.5']);
  });
});
