import { SummaryState } from '@millrace/prometheus-format';
import type { ExponentialState, ExpositionWriter, Family, HistogramState, Registry, SampleTimes } from '@millrace/prometheus-format';

/** Rows between two places to stop. */
const rowsPerStep = 256;

/**
 * Writes everything that a registry exposes. Yields now and then, so that what is ready can be sent and others get on with their work; each
 * family is written as it was at the moment when its turn came.
 */
export function* writeRegistry(registry: Registry, writer: ExpositionWriter, sendTimestamps: boolean): Generator<void> {
  const beforeMs = registry.expiredBeforeMs;
  const { name, labels } = registry.targetInfo;
  const targets = [...labels];
  if (targets.length > 0) {
    writer.beginFamily({ name, type: 'gauge', help: 'Target metadata' });
    for (const [index, target] of targets.entries()) {
      writer.number(target, 1, noTimes);
      if (index % rowsPerStep === rowsPerStep - 1) yield;
    }
    writer.endFamily();
  }
  for (const family of registry.families()) {
    yield;
    yield* writeFamily(family, beforeMs, writer, sendTimestamps);
  }
  writer.end();
}

const noTimes: SampleTimes = { timestampMs: Number.NaN, createdMs: Number.NaN };

function* writeFamily(family: Family, beforeMs: number, writer: ExpositionWriter, sendTimestamps: boolean): Generator<void> {
  const { rows } = family;
  // What is written later is kept as it is now; a family of one step is written at once.
  const copies = rows > rowsPerStep;
  const labels = family.labelReader();
  const updatedMs = copies ? family.updatedMs.slice(0, rows) : family.updatedMs;
  const values = copies ? family.values.slice(0, rows) : family.values;
  const states = copies ? family.states.slice() : family.states;
  const timesMs = copies && sendTimestamps ? family.timesMs.slice(0, rows) : family.timesMs;
  const startsMs = copies ? family.startsMs.slice(0, rows) : family.startsMs;
  const exemplars = copies && family.exemplars.size > 0 ? new Map(family.exemplars) : family.exemplars;
  const hasExemplars = exemplars.size > 0;
  const times = { timestampMs: Number.NaN, createdMs: Number.NaN };
  const hasBeginning = family.header.type !== 'gauge' && family.header.type !== 'unknown';
  let begun = false;
  for (let row = 0; row < rows; row++) {
    if (row > 0 && row % rowsPerStep === 0) yield;
    // NaN in a free row.
    if (!(updatedMs[row]! >= beforeMs)) continue;
    const text = labels(row);
    if (!begun) writer.beginFamily(family.header);
    begun = true;
    if (sendTimestamps) times.timestampMs = Math.floor(timesMs[row]!);
    // A start before the second second of the epoch is none, as the Collector sees it.
    times.createdMs = hasBeginning && startsMs[row]! >= 1000 ? startsMs[row]! : Number.NaN;
    if (family.isNumber) writer.number(text, values[row]!, times, hasExemplars ? exemplars.get(row) : undefined);
    else {
      const state = states[row]!;
      if (state instanceof SummaryState) writer.summary(text, state.summary, times);
      else writer.histogram(text, (state as HistogramState | ExponentialState).value(), times);
    }
  }
  if (begun) writer.endFamily();
}
