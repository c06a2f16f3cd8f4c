import type { Random } from './random.ts';

/** A kind of series as businesses have them. */
export interface SeriesKind {
  readonly name: string;
  readonly step: 'hour' | 'day';
  /** Whether zeros are usual, which percentage errors cannot judge. */
  readonly sparse: boolean;
  /** Makes `size` values from Monday, 2024-01-01, on. */
  make(random: Random, size: number): Float64Array;
}

/** Noise that decays: its deviation is `sigma`, its correlation from step to step `memory`. */
function decaying(random: Random, size: number, sigma: number, memory: number): Float64Array {
  const result = new Float64Array(size);
  let value = sigma * random.gauss();
  for (let t = 0; t < size; t++) {
    value = memory * value + sigma * Math.sqrt(1 - memory * memory) * random.gauss();
    result[t] = value;
  }
  return result;
}

/** A day with one or two humps, and weekends of their own height: mean about 1. */
function hours(random: Random): (t: number) => number {
  const noon = random.uniform(11, 16);
  const evening = random.uniform(18, 22);
  const width = random.uniform(2.5, 5);
  const second = random.uniform(0, 0.8);
  const floor = random.uniform(0.15, 0.6);
  const weekend = random.uniform(0.45, 1.15);
  const hump = (hour: number, at: number, wide: number): number => Math.exp(-((((hour - at + 36) % 24) - 12) ** 2) / (2 * wide * wide));
  return (t) => {
    const hour = t % 24;
    const weekday = Math.floor(t / 24) % 7;
    const free = weekday > 4;
    return (floor + 1.4 * hump(hour, free ? noon + 2 : noon, width) + second * hump(hour, evening, 2)) * (free ? weekend : 1);
  };
}

function weekdays(random: Random, strength: number): Float64Array {
  return Float64Array.from({ length: 7 }, (_, day) => 1 + strength * (random.gauss() * 0.4 + (day > 4 ? -1 : 0.3)));
}

const yearly = (t: number, shift: number): number => Math.sin((2 * Math.PI * (t + shift)) / 365.25);

function hourly(name: string, make: (random: Random, size: number) => Float64Array): SeriesKind {
  return { name, step: 'hour', sparse: name === 'rare events', make };
}

function daily(name: string, make: (random: Random, size: number) => Float64Array): SeriesKind {
  return { name, step: 'day', sparse: name === 'intermittent', make };
}

/** Twelve kinds. */
export const businessKinds: readonly SeriesKind[] = [
  hourly('orders', (random, size) => {
    const shape = hours(random);
    const scale = random.uniform(20, 400);
    const growth = random.uniform(-0.2, 0.6) / 700;
    const noise = decaying(random, size, 0.12, 0.9);
    return Float64Array.from({ length: size }, (_, t) => random.poisson(scale * shape(t) * Math.exp(growth * t + noise[t]!)));
  }),
  hourly('web traffic', (random, size) => {
    const shape = hours(random);
    const scale = 10 ** random.uniform(2, 5);
    const noise = decaying(random, size, 0.18, 0.85);
    const drift = decaying(random, size, 0.2, 0.998);
    let burst = 0;
    return Float64Array.from({ length: size }, (_, t) => {
      burst = random.uniform() < 0.004 ? random.uniform(0.5, 3) : burst * 0.7;
      return scale * shape(t) * Math.exp(noise[t]! + drift[t]!) * (1 + burst);
    });
  }),
  hourly('cost', (random, size) => {
    const shape = hours(random);
    const scale = 10 ** random.uniform(-1, 2.5);
    const base = random.uniform(0.2, 2);
    const noise = decaying(random, size, 0.1, 0.7);
    const growth = random.uniform(0, 0.8) / 700;
    return Float64Array.from(
      { length: size },
      (_, t) => scale * (base + shape(t)) * Math.exp(noise[t]! + growth * t + 0.12 * random.gauss()),
    );
  }),
  hourly('electricity', (random, size) => {
    const shape = hours(random);
    const scale = 10 ** random.uniform(3, 5);
    const weather = decaying(random, size, 0.08, 0.995);
    const noise = decaying(random, size, 0.02, 0.8);
    return Float64Array.from(
      { length: size },
      (_, t) => scale * (1 + 0.25 * shape(t) + weather[t]! * (1 + 0.5 * Math.sin((2 * Math.PI * t) / 24)) + noise[t]!),
    );
  }),
  hourly('rare events', (random, size) => {
    const shape = hours(random);
    const scale = random.uniform(0.5, 5);
    return Float64Array.from({ length: size }, (_, t) => random.poisson(scale * shape(t)));
  }),
  hourly('level shifts', (random, size) => {
    const shape = hours(random);
    const noise = decaying(random, size, 0.08, 0.6);
    let level = 100;
    return Float64Array.from({ length: size }, (_, t) => {
      if (random.uniform() < 1 / 350) level *= random.uniform() < 0.5 ? random.uniform(0.45, 0.75) : random.uniform(1.35, 2);
      return level * (1 + 0.4 * shape(t) + noise[t]!);
    });
  }),
  daily('intermittent', (random, size) => {
    const often = random.uniform(0.15, 0.5);
    const week = weekdays(random, 0.3);
    return Float64Array.from({ length: size }, (_, t) =>
      random.uniform() < often * week[t % 7]! ? 1 + random.poisson(random.uniform(1, 8)) : 0,
    );
  }),
  daily('trend and week', (random, size) => {
    const week = weekdays(random, random.uniform(0.1, 0.5));
    const slope = random.uniform(-0.2, 1.5);
    const drift = decaying(random, size, 8, 0.95);
    return Float64Array.from({ length: size }, (_, t) => 400 + slope * t + 60 * week[t % 7]! + drift[t]! + 8 * random.gauss());
  }),
  daily('growing revenue', (random, size) => {
    const week = weekdays(random, random.uniform(0.1, 0.4));
    const growth = random.uniform(0, 0.001);
    const shift = random.uniform(0, 365);
    const strength = random.uniform(0.05, 0.3);
    const noise = decaying(random, size, 0.06, 0.6);
    const scale = 10 ** random.uniform(2, 6);
    return Float64Array.from(
      { length: size },
      (_, t) => scale * Math.max(0.05, week[t % 7]!) * Math.exp(growth * t + strength * yearly(t, shift) + noise[t]!),
    );
  }),
  daily('holidays', (random, size) => {
    const week = weekdays(random, 0.3);
    const noise = decaying(random, size, 0.07, 0.5);
    const drift = decaying(random, size, 0.15, 0.99);
    return Float64Array.from({ length: size }, (_, t) => {
      const free = random.uniform() < 0.03 ? random.uniform(0.1, 0.5) : random.uniform() < 0.01 ? random.uniform(1.5, 3) : 1;
      return 1000 * Math.max(0.05, week[t % 7]!) * Math.exp(noise[t]! + drift[t]!) * free;
    });
  }),
  daily('random walk', (random, size) => {
    const volatility = random.uniform(0.004, 0.03);
    let value = Math.log(random.uniform(10, 5000));
    return Float64Array.from({ length: size }, () => Math.exp((value += volatility * random.gauss())));
  }),
  daily('counts', (random, size) => {
    const week = weekdays(random, 0.5);
    const scale = random.uniform(5, 60);
    const drift = decaying(random, size, 0.25, 0.98);
    return Float64Array.from({ length: size }, (_, t) => random.poisson(scale * Math.max(0.05, week[t % 7]!) * Math.exp(drift[t]!)));
  }),
];
