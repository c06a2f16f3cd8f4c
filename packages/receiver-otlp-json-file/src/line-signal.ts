import type { Signal } from '@millrace/api';

const members: readonly (readonly [Exclude<Signal, 'profiles'>, readonly string[]])[] = [
  ['traces', ['"resourceSpans"', '"resource_spans"']],
  ['metrics', ['"resourceMetrics"', '"resource_metrics"']],
  ['logs', ['"resourceLogs"', '"resource_logs"']],
];

/** The signal of a line of OTLP/JSON, by the name of the member that comes first; undefined when there is none. */
export function lineSignal(line: Buffer): Exclude<Signal, 'profiles'> | undefined {
  // The member is almost always the first one.
  return firstMember(line.subarray(0, 64)) ?? (line.length > 64 ? firstMember(line) : undefined);
}

function firstMember(text: Buffer): Exclude<Signal, 'profiles'> | undefined {
  let found: Exclude<Signal, 'profiles'> | undefined;
  let first = text.length;
  for (const [signal, names] of members) {
    for (const name of names) {
      const at = text.subarray(0, first).indexOf(name);
      if (at >= 0) [found, first] = [signal, at];
    }
  }
  return found;
}
