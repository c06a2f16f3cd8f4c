import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { pointsOf, start } from './run.ts';
import type { Metric, Run } from './run.ts';
import { folder, hostOf } from './storage.ts';

const series = 100;
const config = {
  windows: ['10s', '20s'],
  allowed_lateness: '0s',
  idle_timeout: '0s',
  storage: 'file_storage',
  checkpoint_interval: '10s',
  metrics: [
    { metrics: ['load'], aggregations: ['sum', 'max', 'p50', 'histogram'] },
    { metrics: ['*'], aggregations: ['sum'] },
  ],
};
const points = (at: number, count: number, asDouble: (i: number) => number, start?: number): Metric['points'] =>
  Array.from({ length: count }, (_, i) => ({
    at,
    attributes: { route: `/${i}` },
    asDouble: asDouble(i),
    ...(start !== undefined && { start }),
  }));
const batch = (at: number, value: number): Metric[] => [
  { points: points(at, series, (i) => i + value) },
  { name: 'total', type: 'sum', temporality: 2, points: points(at, 20, () => value * value, 0) },
];
/** With it the state has more than one part. */
const large: Metric = { name: 'large', points: [{ at: 1000, attributes: { text: 'x'.repeat(600_000) }, asDouble: 1 }] };
/** Batches, and where a checkpoint is written. Windows close at the third and the last one. */
const script = [
  [...batch(1000, 1), large],
  batch(2000, 3),
  'checkpoint',
  batch(11_000, 5),
  'checkpoint',
  batch(12_000, 6),
  [{ points: [{ at: 40_000, asDouble: 1 }] }],
  'checkpoint',
] as const;

class Killed extends Error {}

/** Ends a process, as kill -9 does, at the n-th thing that it does to the world: before it, or when it is done and nobody was told. */
class Kill {
  readonly #at: number;
  readonly #isAfter: boolean;
  #steps = 0;
  isOver = false;
  #kill: ((error: Error) => void) | undefined;
  readonly killed = new Promise<never>((_, reject) => (this.#kill = reject));

  constructor(at: number, isAfter: boolean) {
    this.#at = at;
    this.#isAfter = isAfter;
    this.killed.catch(() => {});
  }

  async step<T>(what: () => Promise<T>): Promise<T> {
    const step = this.#steps++;
    if (step < this.#at) return what();
    if (step === this.#at) {
      if (this.#isAfter) await what();
      this.isOver = true;
      this.#kill!(new Killed('killed'));
    }
    return new Promise<never>(() => {});
  }
}

interface World {
  readonly directory: string;
  /** What came out of all processes. */
  readonly out: Set<string>;
  /** The step of the script that nobody has the answer of. */
  next: number;
}

/** Runs a process from where the world is. True when it came to its end. */
async function live(world: World, kill: Kill): Promise<boolean> {
  const { host, close } = await hostOf(world.directory, (log) => ({
    append: (given) =>
      kill.step(async () => {
        const stored = await log.append(given);
        // What is kept is not sent again.
        if (given.items > 0) world.next++;
        return stored;
      }),
    acknowledge: (stored) => kill.step(() => log.acknowledge(stored)),
  }));
  const run = await start(config, { host, isBusy: true });
  run.sink.before = async (sent) => {
    await setImmediate();
    await kill.step(async () => {
      for (const point of pointsOf(sent.bytes)) world.out.add(JSON.stringify(point).replace(/x{99,}/, ''));
    });
  };
  try {
    await Promise.race([play(run, world, kill), kill.killed]);
    await Promise.race([run.stop(), kill.killed]);
    return true;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return false;
  } finally {
    await close();
  }
}

async function play(run: Run, world: World, kill: Kill): Promise<void> {
  while (world.next < script.length && !kill.isOver) {
    const step = script[world.next]!;
    if (step === 'checkpoint') {
      await run.clock.advance(10_000);
      while (!kill.isOver && !run.context.lines.some(({ message }) => message.startsWith('Wrote'))) await setImmediate();
      run.context.lines.length = 0;
      if (!kill.isOver) world.next++;
    } else await run.metrics(...step);
  }
}

const never = (): Kill => new Kill(Infinity, false);

describe('A process that is killed', () => {
  it.each([false, true])(
    'at whatever it does to its storage or to the next component (afterwards: %p) leaves what makes the next one send the same',
    async (isAfter) => {
      const whole: World = { directory: folder(), out: new Set(), next: 0 };
      expect(await live(whole, never())).toBe(true);
      // Three windows: two of 10 s, one of 20 s.
      expect(whole.out.size).toBe(3 * (series * 4 + 20) + 2);
      const expected = [...whole.out].toSorted();
      let kills = 0;
      for (let isOver = false; !isOver; kills++) {
        const world: World = { directory: folder(), out: new Set(), next: 0 };
        isOver = await live(world, new Kill(kills, isAfter));
        if (!isOver) await live(world, never());
        expect([...world.out].toSorted()).toEqual(expected);
      }
      expect(kills).toBeGreaterThan(20);
    },
    120_000,
  );
});
