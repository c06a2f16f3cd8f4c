import { percent } from './cache-rules.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './recommendation.ts';
import { grouped, mean, withoutEach } from './statistics.ts';

const full = 0.9;
const soonDays = 14;
const fewestDays = 5;

interface Day {
  readonly atDays: number;
  readonly utilization: number;
}

/** A capacity that is nearly used up, or will be within two weeks (Theil and Sen's slope). */
export function capacity({ capacities = [] }: Facts): Finding[] {
  return Array.from(grouped(capacities, ({ resource }) => resource)).flatMap(([resource, facts]): Finding[] => {
    const days = Array.from(
      grouped(facts, ({ day }) => day),
      ([day, of]) => ({
        atDays: Date.parse(`${day}T00:00:00Z`) / 86_400_000,
        utilization: Math.max(...of.map(({ utilization }) => utilization)),
      }),
    );
    if (days.length < fewestDays) return [];
    const left = daysLeft(days);
    if (left > soonDays) return [];
    const level = levelOf(days);
    return [
      {
        id: `capacity:${resource}`,
        category: 'capacity',
        title: `Capacity of ${resource} runs out`,
        description:
          left === 0
            ? `${percent(level)} of ${resource} is in use, more than ${percent(full)}.`
            : `${percent(level)} of ${resource} is in use; at the present pace it is ${percent(full)} in ${Math.ceil(left)} days.`,
        priority: left <= soonDays / 2 ? 'high' : 'medium',
        action: `Add capacity to ${resource}`,
        howToApply: `Raise the limit of ${resource}, or move load that can wait (batch jobs) to the hours in which it is idle.`,
        evidence: { utilization: level, threshold: full, growth_per_day: slopeOf(days), days_left: left, days: days.length },
        confidence: withoutEach(days, (rest) => daysLeft(rest) <= soonDays),
      },
    ];
  });
}

/** What is usual now: the mean of the last three days. */
function levelOf(days: readonly Day[]): number {
  return mean(days.slice(-3).map(({ utilization }) => utilization));
}

function slopeOf(days: readonly Day[]): number {
  const slopes = days.flatMap((a, i) => days.slice(i + 1).map((b) => (b.utilization - a.utilization) / (b.atDays - a.atDays)));
  slopes.sort((a, b) => a - b);
  return (slopes[Math.floor((slopes.length - 1) / 2)]! + slopes[Math.floor(slopes.length / 2)]!) / 2;
}

/** Until it is full; Infinity when it does not grow. */
function daysLeft(days: readonly Day[]): number {
  const level = levelOf(days);
  if (level >= full) return 0;
  const slope = slopeOf(days);
  return slope > 0 ? (full - level) / slope : Infinity;
}
