import { Random } from './random.ts';
import { tasks } from './world.ts';

/** What can go wrong. */
export const incidentKinds = ['cost_spike', 'latency_spike', 'error_burst', 'cache_degradation', 'quality_drop'] as const;

/** One of `incidentKinds`. */
export type IncidentKind = (typeof incidentKinds)[number];

/** Something that goes wrong for a while. */
export interface Incident {
  readonly kind: IncidentKind;
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
  /**
   * `cost_spike`, `latency_spike`: by what tokens or durations are multiplied. `error_burst`: the share of calls that fail. `cache_degradation`:
   * what is left of the hit rates. `quality_drop`: points of 5 that are lost.
   */
  readonly size: number;
  /** The task that is affected; absent: all of them. */
  readonly task?: string;
}

const sizes: Readonly<Record<IncidentKind, readonly [number, number]>> = {
  cost_spike: [2.5, 6],
  latency_spike: [2.5, 6],
  error_burst: [0.06, 0.4],
  cache_degradation: [0.1, 0.4],
  quality_drop: [0.7, 1.8],
};

const hour = 3_600_000;
const slotMs = 12 * hour;

/**
 * The incidents of the chosen kinds that touch a range of time: random in start, size and length (10 minutes to 4 hours), the same for the
 * same seed. On average one of each kind in two days.
 */
export function incidentsBetween(seed: string, kinds: readonly IncidentKind[], fromMs: number, untilMs: number): Incident[] {
  const found: Incident[] = [];
  for (const kind of kinds) {
    for (let slot = Math.floor(fromMs / slotMs) - 1; slot * slotMs < untilMs; slot++) {
      const random = new Random(seed, 'incident', kind, slot);
      if (!random.chance(0.25)) continue;
      const start = slot * slotMs + random.between(0, slotMs);
      const length = Math.min(4 * hour, Math.max(hour / 6, random.lognormal(0.7 * hour, 0.6)));
      const incident: Incident = {
        kind,
        fromMs: Math.round(start),
        untilMs: Math.round(start + length),
        size: random.between(...sizes[kind]),
        ...(random.chance(0.3) && { task: random.pick(tasks.filter(({ operation }) => operation === 'chat')).name }),
      };
      if (incident.untilMs > fromMs && incident.fromMs < untilMs) found.push(incident);
    }
  }
  return found.sort((a, b) => a.fromMs - b.fromMs);
}
