import { deserialize, serialize } from 'node:v8';
import { Distribution, SeriesKey, Sketch } from '@millrace/timeseries';
import type { DistributionState, SketchState } from '@millrace/timeseries';
import type { PlainAttributes } from '@millrace/wire';
import type { Aggregator } from './aggregator.ts';
import { Cells, cellSize, type Exemplar } from './cells.ts';
import type { Group } from './output-series.ts';
import type { Rule } from './rule.ts';

const version = 1;

interface CellsState {
  readonly startMs: number;
  /** Places among the series. */
  readonly series: Int32Array;
  readonly values: Float64Array;
  readonly sketches: readonly (SketchState | undefined)[];
  readonly exemplars: readonly (Exemplar | undefined)[];
}

interface State {
  readonly version: number;
  /** What has to be the same in the run that continues. */
  readonly fingerprint: string;
  readonly secret: Int32Array;
  readonly maxTimeMs: number;
  readonly closedUntilMs: number;
  readonly sinceNanos: number;
  readonly groups: readonly { words: Int32Array; rule: number; name: string; unit: string; resource: PlainAttributes }[];
  readonly series: readonly { words: Int32Array; group: number; seen: number; attributes: Uint8Array; isOverflow: boolean }[];
  readonly panes: readonly CellsState[];
  readonly partial: readonly (readonly CellsState[])[];
  readonly input: readonly { words: Int32Array; seen: number; values: Float64Array; distribution: DistributionState | undefined }[];
}

/** Everything that the open windows of an aggregator are made of. No window may be closed and unsent. */
export function encodeState(aggregator: Aggregator, fingerprint: string): Buffer {
  const { output, input, windows } = aggregator;
  const wordsOf = (map: typeof output.map, slot: number): Int32Array => {
    const words = new Int32Array(4);
    map.words(slot, words);
    return words;
  };
  const groupPlaces = new Map<Group, number>();
  const groups: State['groups'][number][] = [];
  const places = new Int32Array(output.map.end);
  const series: State['series'][number][] = [];
  for (let slot = 0; slot < output.map.end; slot++) {
    if (!output.map.has(slot)) continue;
    const group = output.groupOf(slot);
    let place = groupPlaces.get(group);
    if (place === undefined) {
      groupPlaces.set(group, (place = groups.length));
      const { words, rule, name, unit, resource } = group;
      groups.push({ words, rule: rule.index, name, unit, resource });
    }
    places[slot] = series.length;
    const start = output.attributes.start(slot);
    const attributes = Uint8Array.from(output.attributes.buffer.subarray(start, start + output.attributes.length(slot)));
    series.push({
      words: wordsOf(output.map, slot),
      group: place,
      seen: output.map.seen(slot),
      attributes,
      isOverflow: group.overflow === slot,
    });
  }
  const cellsState = (cells: Cells): CellsState => {
    const slots: number[] = [];
    for (let slot = 0; slot < cells.end; slot++) if (cells.count(slot) > 0) slots.push(slot);
    const values = new Float64Array(slots.length * cellSize);
    slots.forEach((slot, i) => values.set(cells.values.subarray(slot * cellSize, (slot + 1) * cellSize), i * cellSize));
    return {
      startMs: cells.startMs,
      series: Int32Array.from(slots, (slot) => places[slot]!),
      values,
      sketches: slots.map((slot) => cells.sketches[slot]?.state),
      exemplars: slots.map((slot) => cells.exemplars[slot]),
    };
  };
  const inputs: State['input'][number][] = [];
  for (let slot = 0; slot < input.map.end; slot++) {
    if (!input.map.has(slot)) continue;
    const values = input.values.values.slice(slot * 3, slot * 3 + 3);
    inputs.push({ words: wordsOf(input.map, slot), seen: input.map.seen(slot), values, distribution: input.distributions[slot]?.state });
  }
  const state: State = {
    version,
    fingerprint,
    secret: aggregator.identity.secret,
    maxTimeMs: aggregator.maxTimeMs,
    closedUntilMs: windows.closedUntilMs,
    sinceNanos: input.sinceNanos,
    groups,
    series,
    panes: Array.from(windows.panes.values(), cellsState),
    partial: windows.partial.map((open) => Array.from(open.values(), cellsState)),
    input: inputs,
  };
  return serialize(state);
}

/** Makes a new aggregator continue where another one was. False, and nothing done, when that had another configuration. */
export function restoreState(aggregator: Aggregator, bytes: Buffer, fingerprint: string, rules: readonly Rule[]): boolean {
  const state = deserialize(bytes) as State;
  if (state.version !== version || state.fingerprint !== fingerprint) return false;
  const { output, input, windows } = aggregator;
  aggregator.identity = new SeriesKey(state.secret);
  if (state.maxTimeMs !== -Infinity) aggregator.resume(state.maxTimeMs, state.closedUntilMs);
  input.sinceNanos = state.sinceNanos;
  const groups = state.groups.map(({ words, rule, name, unit, resource }) => output.addGroup(words, rules[rule]!, name, unit, resource));
  const slots = state.series.map(({ words, group, seen, attributes, isOverflow }) => {
    const slot = output.add(words, groups[group]!, attributes, attributes.length, seen);
    if (isOverflow) groups[group]!.overflow = slot;
    return slot;
  });
  const fill = (cells: Cells, { series, values, sketches, exemplars }: CellsState): void => {
    series.forEach((place, i) => {
      const slot = slots[place]!;
      const [count, sum, min, max, failures] = values.subarray(i * cellSize, (i + 1) * cellSize);
      cells.add(slot, count!, sum!, min!, max!, failures!);
      const sketch = sketches[i];
      if (sketch !== undefined) cells.mergeSketch(slot, sketch.scale, Sketch.from(sketch));
      const exemplar = exemplars[i];
      if (exemplar !== undefined) cells.setExemplar(slot, exemplar);
    });
  };
  for (const pane of state.panes) fill(windows.pane(pane.startMs), pane);
  state.partial.forEach((open, i) => {
    for (const one of open) {
      const cells = new Cells(one.startMs);
      fill(cells, one);
      windows.partial[i]!.set(one.startMs, cells);
    }
  });
  for (const { words, seen, values, distribution } of state.input) {
    const slot = input.map.add(words, seen);
    input.values.values.set(values, slot * 3);
    if (distribution !== undefined) input.set(slot, Distribution.from(distribution));
  }
  return true;
}
