/** What can go wrong. */
export const anomalyTypes = ['cost_spike', 'latency_spike', 'error_rate', 'cache_degradation', 'quality_drop'] as const;
export type AnomalyType = (typeof anomalyTypes)[number];

/** One anomaly, as it is answered. */
export type Anomaly = Readonly<Record<'anomaly_type' | 'severity' | 'metric_name' | 'message' | 'detected_at', string>> & {
  readonly current_value: number;
  readonly expected_value: number;
  readonly deviation_pct: number;
  readonly score: number;
  readonly ended_at?: string;
  readonly group: Readonly<Record<string, string>>;
};

/** As processor `anomaly` has it: costs and durations three times as high, errors 10 points more, three quarters of the hits or a point of quality less. */
function isCritical(type: AnomalyType, value: number, expected: number): boolean {
  switch (type) {
    case 'cost_spike':
    case 'latency_spike':
      return value >= 3 * expected;
    case 'error_rate':
      return value >= expected + 0.1;
    case 'cache_degradation':
      return value <= expected / 4;
    case 'quality_drop':
      break;
  }
  return value <= expected - 1;
}

/** Completes an anomaly. Values are in the currency, seconds, shares or points. */
export function anomaly(
  type: AnomalyType,
  metric: string,
  value: number,
  expected: number,
  rest: Pick<Anomaly, 'detected_at' | 'ended_at' | 'score' | 'group'>,
): Anomaly {
  const who = Object.values(rest.group).join(', ') || 'all calls';
  return {
    anomaly_type: type,
    severity: isCritical(type, value, expected) ? 'critical' : 'warning',
    metric_name: metric,
    current_value: value,
    expected_value: expected,
    deviation_pct: expected === 0 ? 0 : (100 * (value - expected)) / expected,
    message: `${metric} of ${who} is ${rounded(value)}, ${rounded(expected)} was expected`,
    ...rest,
  };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
