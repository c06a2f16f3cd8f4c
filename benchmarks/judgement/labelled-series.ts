import { Random } from './random.ts';

/** A series with the places where something is wrong with it. */
export interface LabelledSeries {
  readonly kind: SeriesKind;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** Rows, first and last included, in order and apart from each other. */
  readonly anomalies: readonly { readonly kind: AnomalyKind; readonly first: number; readonly last: number }[];
}

export const seriesKinds = [
  'cpu',
  'latency',
  'ad-clicks',
  'traffic',
  'temperature',
  'machine',
  'bursty-counts',
  'synthetic',
  'sparse',
  'drifting',
  'road-sensor',
  'sawtooth',
  'short-cycle',
] as const;
export type SeriesKind = (typeof seriesKinds)[number];

export const anomalyKinds = [
  'spike',
  'dip',
  'level-shift',
  'variance',
  'trend',
  'season-break',
  'missing-cycle',
  'flatline',
  'drift',
  'burst',
  'phase-break',
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 2, 2);

/** What a kind of series is made of, before anything is wrong with it. */
interface Ground {
  readonly stepMs: number;
  readonly rows: number;
  readonly values: Float64Array;
  /** The usual distance of a point from what a good forecast would say. */
  readonly noise: number;
  /** The usual distance of a point from the middle of the series. */
  readonly swing: number;
  readonly floor?: number;
  readonly ceiling?: number;
  readonly whole?: boolean;
  readonly anomalies: readonly AnomalyKind[];
  /** Share of rows that are missing. */
  readonly gaps?: number;
}

const level: readonly AnomalyKind[] = ['spike', 'dip', 'level-shift', 'variance', 'trend', 'flatline', 'drift', 'burst'];
const seasonal: readonly AnomalyKind[] = [...level, 'season-break', 'missing-cycle'];

/** A bump for day hours of random shape: a sum of two harmonics, from -1 to 1 about. */
function dailyShape(random: Random): (hour: number) => number {
  const [a, b, p, q] = [random.uniform(0.6, 1), random.uniform(0.1, 0.4), random.uniform(0, 24), random.uniform(0, 24)];
  return (hour) => a * Math.cos((2 * Math.PI * (hour - p)) / 24) + b * Math.cos((4 * Math.PI * (hour - q)) / 24);
}

function fill(rows: number, value: (i: number) => number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => value(i));
}

const hourOf = (i: number, stepMs: number): number => ((i * stepMs) / 3_600_000) % 24;
const dayOf = (i: number, stepMs: number): number => Math.floor((i * stepMs) / 86_400_000) % 7;

const grounds: Readonly<Record<SeriesKind, (random: Random) => Ground>> = {
  cpu(random) {
    const stepMs = 5 * minuteMs;
    const rows = 4032;
    const base = random.uniform(2, 60);
    const noise = random.uniform(0.02, 0.12) * base;
    const daily = random.chance(0.5) ? noise * random.uniform(0.5, 2) : 0;
    const shape = dailyShape(random);
    const jobEvery = random.chance(0.4) ? random.pick([12, 36, 72, 288]) : 0;
    const job = random.uniform(3, 8) * noise;
    const memory = random.uniform(0, 0.7);
    let ar = 0;
    const values = fill(rows, (i) => {
      ar = memory * ar + noise * random.gauss();
      return base + ar + daily * shape(hourOf(i, stepMs)) + (jobEvery > 0 && i % jobEvery < 2 ? job : 0);
    });
    return { stepMs, rows, values, noise, swing: noise + daily, floor: 0, anomalies: level };
  },
  latency(random) {
    const stepMs = 5 * minuteMs;
    const rows = 4032;
    const base = random.uniform(20, 400);
    const spread = random.uniform(0.05, 0.35);
    const daily = random.uniform(0, 0.2);
    const shape = dailyShape(random);
    const values = fill(rows, (i) => {
      const tail = random.chance(0.01) ? random.uniform(0.5, 1.2) : 0;
      return base * Math.exp(spread * random.gauss() + daily * shape(hourOf(i, stepMs)) + tail);
    });
    return { stepMs, rows, values, noise: base * (spread + 0.03), swing: base * (spread + daily), floor: 0, anomalies: level };
  },
  'ad-clicks'(random) {
    const stepMs = 60 * minuteMs;
    const rows = 1600;
    const base = random.uniform(0.05, 2);
    const daily = random.uniform(0, 0.4);
    const spread = random.uniform(0.1, 0.4);
    const shape = dailyShape(random);
    const values = fill(rows, (i) => {
      const tail = random.chance(0.015) ? random.uniform(0.6, 1.5) : 0;
      return base * Math.exp(daily * shape(hourOf(i, stepMs)) + spread * random.gauss() + tail);
    });
    return { stepMs, rows, values, noise: base * (spread + 0.1), swing: base * (spread + daily), floor: 0, anomalies: level };
  },
  traffic(random) {
    const stepMs = 30 * minuteMs;
    const rows = random.integer(3500, 8000);
    const base = random.uniform(500, 20_000);
    const shape = dailyShape(random);
    const weekend = random.uniform(0.5, 1.1);
    const spread = random.uniform(0.02, 0.08);
    let ar = 0;
    const values = fill(rows, (i) => {
      ar = 0.7 * ar + spread * 0.7 * random.gauss();
      const mean = base * (1.2 + 0.8 * shape(hourOf(i, stepMs))) * (dayOf(i, stepMs) > 4 ? weekend : 1);
      return Math.max(0, Math.round(Math.max(mean, base * 0.05) * (1 + ar)));
    });
    return { stepMs, rows, values, noise: base * spread, swing: base * 0.8, floor: 0, whole: true, anomalies: seasonal };
  },
  temperature(random) {
    const stepMs = 60 * minuteMs;
    const rows = random.integer(3000, 7000);
    const base = random.uniform(15, 75);
    const daily = random.uniform(0, 2);
    const shape = dailyShape(random);
    const yearly = random.uniform(0, 4);
    let ar = 0;
    const values = fill(rows, (i) => {
      ar = 0.95 * ar + 0.4 * random.gauss();
      return base + ar + daily * shape(hourOf(i, stepMs)) + yearly * Math.sin((i * stepMs * 2 * Math.PI) / 365 / 86_400_000);
    });
    return { stepMs, rows, values, noise: 0.8, swing: 1.3 + daily, anomalies: level };
  },
  machine(random) {
    const stepMs = 5 * minuteMs;
    const rows = random.integer(4000, 10_000);
    const modes = [random.uniform(70, 80), random.uniform(82, 90), random.uniform(92, 100)];
    let mode = 1;
    let target = modes[1]!;
    let current = target;
    let ar = 0;
    const values = fill(rows, () => {
      if (random.chance(1 / 300)) {
        mode = random.integer(0, 2);
        target = modes[mode]!;
      }
      current += 0.1 * (target - current);
      ar = 0.9 * ar + 0.7 * random.gauss();
      return current + ar;
    });
    return { stepMs, rows, values, noise: 1.6, swing: 9, anomalies: ['spike', 'dip', 'variance', 'flatline', 'level-shift', 'burst'] };
  },
  'bursty-counts'(random) {
    const stepMs = 5 * minuteMs;
    const rows = random.integer(4000, 12_000);
    const base = random.uniform(3, 60);
    const shape = dailyShape(random);
    const daily = random.uniform(0.2, 0.7);
    const clump = random.uniform(2, 8);
    let burst = 0;
    const values = fill(rows, (i) => {
      if (random.chance(1 / 700)) burst = random.uniform(1, 4);
      burst *= 0.8;
      const mean = base * Math.exp(daily * shape(hourOf(i, stepMs))) * (1 + burst);
      return random.poisson((mean / clump) * random.gamma(clump));
    });
    const noise = base / Math.sqrt(clump) + Math.sqrt(base);
    return {
      stepMs,
      rows,
      values,
      noise,
      swing: noise + base * daily,
      floor: 0,
      whole: true,
      anomalies: seasonal.filter((kind) => kind !== 'dip'),
    };
  },
  synthetic(random) {
    const stepMs = 5 * minuteMs;
    const rows = 4032;
    const low = random.uniform(0, 40);
    const high = low + random.uniform(20, 60);
    const square = random.chance(0.5);
    const noise = random.uniform(0.01, 0.1) * (high - low);
    const [from, to] = [random.uniform(6, 10), random.uniform(16, 20)];
    const values = fill(rows, (i) => {
      const hour = hourOf(i, stepMs);
      const wave = square ? (hour >= from && hour < to ? 1 : 0) : 0.5 + 0.5 * Math.sin(((hour - from) * 2 * Math.PI) / 24);
      return low + (high - low) * wave + noise * random.uniform(-1, 1);
    });
    return { stepMs, rows, values, noise, swing: (high - low) / 2, anomalies: seasonal };
  },
  sparse(random) {
    const stepMs = random.pick([5, 15, 60]) * minuteMs;
    const rows = random.integer(2000, 5000);
    const rate = random.uniform(0.02, 0.2);
    const size = random.uniform(1, 20);
    const values = fill(rows, () => (random.chance(rate) ? Math.ceil(size * random.exponential()) : 0));
    return {
      stepMs,
      rows,
      values,
      noise: size * 1.5,
      swing: size * 1.5,
      floor: 0,
      whole: true,
      anomalies: ['spike', 'level-shift', 'burst', 'variance'],
    };
  },
  drifting(random) {
    const stepMs = random.pick([1, 5, 15]) * minuteMs;
    const rows = random.integer(3000, 6000);
    const slope = random.uniform(-0.02, 0.02);
    const step = random.uniform(0.05, 0.3);
    let walk = random.uniform(100, 1000);
    const values = fill(rows, () => {
      walk += slope + step * random.gauss();
      return walk + random.gauss();
    });
    return {
      stepMs,
      rows,
      values,
      noise: 1 + step,
      swing: 3,
      anomalies: ['spike', 'dip', 'level-shift', 'variance', 'flatline', 'burst', 'trend'],
    };
  },
  'road-sensor'(random) {
    const stepMs = 5 * minuteMs;
    const rows = random.integer(2000, 3500);
    const base = random.uniform(40, 70);
    const shape = dailyShape(random);
    const values = fill(rows, (i) => {
      const jam = Math.max(0, shape(hourOf(i, stepMs)) - 0.5);
      return base - 15 * jam + (2 + 4 * jam) * random.gauss() - (random.chance(0.01) ? random.uniform(5, 15) : 0);
    });
    return {
      stepMs,
      rows,
      values,
      noise: 4,
      swing: 6,
      floor: 0,
      whole: true,
      gaps: 0.3,
      anomalies: ['spike', 'dip', 'level-shift', 'variance', 'flatline', 'drift'],
    };
  },
  sawtooth(random) {
    const stepMs = 5 * minuteMs;
    const rows = 4032;
    const length = random.integer(60, 250);
    const height = random.uniform(10, 60);
    const base = random.uniform(10, 40);
    const noise = height * random.uniform(0.01, 0.06);
    let at = 0;
    let cycle = length;
    const values = fill(rows, () => {
      if (++at >= cycle) {
        at = 0;
        cycle = Math.round(length * random.uniform(0.85, 1.15));
      }
      return base + (height * at) / length + noise * random.gauss();
    });
    return {
      stepMs,
      rows,
      values,
      noise: noise * 2,
      swing: height / 3,
      anomalies: ['spike', 'dip', 'level-shift', 'variance', 'flatline', 'trend', 'burst'],
    };
  },
  'short-cycle'(random) {
    const stepMs = random.pick([10_000, minuteMs, 5 * minuteMs]);
    const rows = random.integer(2000, 5000);
    const length = random.uniform(15, 130);
    const height = random.uniform(5, 50);
    const pulse = random.chance(0.4);
    const noise = height * random.uniform(0.02, 0.15);
    const values = fill(rows, (i) => {
      const phase = (i / length) % 1;
      const wave = pulse ? Math.exp(-(((phase - 0.5) / 0.08) ** 2)) : Math.sin(2 * Math.PI * phase);
      return 100 + height * wave + noise * random.gauss();
    });
    return { stepMs, rows, values, noise, swing: height / 2, anomalies: [...level, 'phase-break'] };
  },
};

/** Puts one anomaly into the values from a row on and returns its last row. */
const wrongs: Readonly<Record<AnomalyKind, (v: Float64Array, at: number, ground: Ground, random: Random) => number>> = {
  spike(v, at, { noise, swing }, random) {
    const length = random.integer(1, 4);
    const size = random.uniform(5, 14) * noise + random.uniform(0.5, 2) * swing;
    for (let i = 0; i < length; i++) v[at + i]! += size * random.uniform(0.7, 1);
    return at + length - 1;
  },
  dip(v, at, { noise, swing }, random) {
    const length = random.integer(1, 6);
    const size = random.uniform(5, 14) * noise + random.uniform(0.3, 1) * swing;
    for (let i = 0; i < length; i++) v[at + i]! -= size * random.uniform(0.7, 1);
    return at + length - 1;
  },
  'level-shift'(v, at, { noise, swing, rows }, random) {
    const length = random.integer(40, 160);
    const size = (random.uniform(3, 7) * noise + random.uniform(0.3, 1) * swing) * (random.chance(0.7) ? 1 : -1);
    for (let i = at; i < Math.min(rows, at + length); i++) v[i]! += size;
    return at + length - 1;
  },
  variance(v, at, { noise }, random) {
    const length = random.integer(30, 120);
    const size = random.uniform(3, 6) * noise;
    for (let i = 0; i < length; i++) v[at + i]! += size * random.gauss();
    return at + length - 1;
  },
  trend(v, at, { noise, swing }, random) {
    const length = random.integer(60, 160);
    const size = (random.uniform(8, 15) * noise + swing) * (random.chance(0.7) ? 1 : -1);
    for (let i = 0; i < length; i++) v[at + i]! += (size * i) / length;
    return at + length - 1;
  },
  'season-break'(v, at, { stepMs }, random) {
    // Half a day is where the opposite half of the day should be.
    const day = Math.round(86_400_000 / stepMs);
    const length = Math.round(day * random.uniform(0.4, 0.8));
    const copy = v.slice(at - (day >> 1), at - (day >> 1) + length);
    v.set(copy, at);
    return at + length - 1;
  },
  'missing-cycle'(v, at, { stepMs, noise }, random) {
    const day = Math.round(86_400_000 / stepMs);
    const low = Float64Array.from(v.subarray(Math.max(0, at - day), at)).toSorted()[Math.floor(day * 0.1)]!;
    for (let i = 0; i < day; i++) v[at + i] = Math.min(v[at + i]!, low + 0.3 * noise * random.gauss());
    return at + day - 1;
  },
  flatline(v, at, _ground, random) {
    const length = random.integer(40, 120);
    const value = random.chance(0.5) ? v[at]! : v[at - 1]!;
    for (let i = 0; i < length; i++) v[at + i] = value;
    return at + length - 1;
  },
  drift(v, at, { noise, swing }, random) {
    const length = random.integer(150, 300);
    const size = (random.uniform(6, 12) * noise + swing) * (random.chance(0.7) ? 1 : -1);
    for (let i = 0; i < length; i++) v[at + i]! += size * Math.min(1, (i / length) * 1.5);
    return at + length - 1;
  },
  burst(v, at, { noise, swing }, random) {
    const length = random.integer(20, 80);
    const size = random.uniform(4, 8) * noise + 0.5 * swing;
    for (let i = 0; i < length; i++) if (random.chance(0.35)) v[at + i]! += size * random.uniform(0.6, 1.2);
    return at + length - 1;
  },
  'phase-break'(v, at, _ground, random) {
    // A stretch runs backwards.
    const length = random.integer(60, 160);
    v.set(v.slice(at, at + length).reverse(), at);
    return at + length - 1;
  },
};

/** What nobody would call an anomaly, and no simple model has: a level that wanders within the noise, and hours that are less calm than others. */
function beRestless({ values, noise }: Ground, random: Random): void {
  const memory = 1 - 1 / random.uniform(100, 800);
  const wander = random.uniform(0.2, 0.8) * noise * Math.sqrt(1 - memory * memory);
  const unrest = random.uniform(0.2, 0.6);
  let level = 0;
  let mood = 0;
  for (let i = 0; i < values.length; i++) {
    level = memory * level + wander * random.gauss();
    mood = 0.99 * mood + unrest * 0.14 * random.gauss();
    if (values[i]! !== 0) values[i]! += level + noise * Math.max(0, Math.exp(mood) - 1) * random.gauss();
  }
}

/** One series of a kind with none to four anomalies, none of them in the first fifth. */
export function labelledSeries(kind: SeriesKind, seed: number): LabelledSeries {
  const random = new Random(seed * 31 + seriesKinds.indexOf(kind) * 1009);
  const ground = grounds[kind](random);
  const { rows, stepMs, values } = ground;
  if (kind !== 'sparse' && random.chance(0.6)) beRestless(ground, random);
  const count = random.chance(0.12) ? 0 : random.integer(1, 4);
  const anomalies: { kind: AnomalyKind; first: number; last: number }[] = [];
  const from = Math.floor(rows * 0.2);
  const share = (rows * 0.95 - from) / Math.max(1, count);
  for (let k = 0; k < count; k++) {
    const wrong = random.pick(ground.anomalies);
    const first = Math.max(Math.floor(from + share * k + random.uniform(0.05, 0.45) * share), (anomalies.at(-1)?.last ?? 0) + 30);
    anomalies.push({ kind: wrong, first, last: Math.min(rows - 1, wrongs[wrong](values, first, ground, random)) });
  }
  for (let i = 0; i < rows; i++) {
    let value = values[i]!;
    value = Math.min(ground.ceiling ?? value, Math.max(ground.floor ?? value, value));
    values[i] = ground.whole === true ? Math.round(value) : Number(value.toPrecision(6));
  }
  return withGaps(
    kind,
    fill(rows, (i) => startMs + i * stepMs),
    values,
    anomalies,
    ground.gaps ?? 0,
    random,
  );
}

/** Leaves out a share of the rows that are not in an anomaly. */
function withGaps(
  kind: SeriesKind,
  times: Float64Array,
  values: Float64Array,
  anomalies: LabelledSeries['anomalies'],
  share: number,
  random: Random,
): LabelledSeries {
  if (share === 0) return { kind, timestampsMs: times, values, anomalies };
  const kept: number[] = [];
  const place = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    const inside = anomalies.some(({ first, last }) => i >= first && i <= last);
    if (!inside && random.chance(share)) continue;
    place.set(i, kept.length);
    kept.push(i);
  }
  return {
    kind,
    timestampsMs: Float64Array.from(kept, (i) => times[i]!),
    values: Float64Array.from(kept, (i) => values[i]!),
    anomalies: anomalies.map((anomaly) => ({ ...anomaly, first: place.get(anomaly.first)!, last: place.get(anomaly.last)! })),
  };
}
