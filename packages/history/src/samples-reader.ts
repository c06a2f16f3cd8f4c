import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decodeRollup, decodeSamples } from './chunk.ts';
import { PointBlock } from './point-block.ts';
import { rollUp, rollUpSamples, sliceRollup } from './rollup.ts';
import type { Rollup } from './rollup.ts';
import { copyValue, firstAt, joinSamples, lastNumber, mergeSamples, sortSamples, within, wordsOf } from './samples.ts';
import type { Samples } from './samples.ts';
import type { FoundSeries } from './series-lookup.ts';
import { tiers } from './tiers.ts';

interface RollupRow {
  readonly bytes: Uint8Array;
  readonly spans: Uint8Array;
}

const none: Samples = { times: new Float64Array(), values: new Float64Array() };

/** Reads the samples of series in a range of time: from the chunks of the tier that suffices, what is newer than those from finer tiers, what is older from coarser ones. */
export class SamplesReader {
  readonly #chunks: StatementSync;
  readonly #rollups: StatementSync;
  readonly #blocks: StatementSync;
  readonly #oldest: StatementSync;
  readonly #open: StatementSync;
  readonly #last: StatementSync;
  readonly #compaction: StatementSync;
  /** By tier, since the last `recent`. */
  readonly #oldestMs: number[] = [];

  constructor(database: DatabaseSync) {
    this.#chunks = database.prepare(
      'select bytes from chunks where series = ? and tier = ? and start_ms <= ? and end_ms >= ? order by start_ms',
    );
    this.#chunks.setReturnArrays(true);
    this.#rollups = database.prepare('select bytes, spans from chunks where series = ? and tier = ? and start_ms <= ? and end_ms >= ?');
    this.#blocks = database.prepare('select id, bytes from blocks where start_ms <= ? and end_ms >= ? order by id');
    this.#oldest = database.prepare('select min(end_ms) as end from chunks where tier = ?');
    this.#open = database.prepare('select before, bytes, spans from chunks where series = ? and tier = ? and open = 1');
    this.#last = database.prepare('select bytes from chunks where series = ? and tier = 0 and start_ms < ? order by start_ms desc limit 1');
    this.#compaction = database.prepare('select value from meta where key = ?');
  }

  /** The points of the series that are not in chunks yet, by id. */
  recent(series: readonly FoundSeries[], startMs: number, endMs: number): Map<number, Samples> {
    this.#oldestMs.length = 0;
    const wanted = new Uint8Array(series.reduce((most, { id }) => Math.max(most, id), 0) + 1);
    for (const { id } of series) wanted[id] = 1;
    const found = new Map<number, { block: PointBlock; words: Uint32Array; point: number }[]>();
    // What a compaction that is under way has in chunks already.
    const noted = (key: string): number => (this.#compaction.get(key) as { value: number } | undefined)?.value ?? 0;
    const until = noted('compact_until');
    const done = noted('compact_from');
    const rows = this.#blocks.iterate(endMs, startMs) as Iterable<{ id: number; bytes: Uint8Array<ArrayBuffer> }>;
    for (const { id: number, bytes } of rows) {
      const block = new PointBlock(bytes);
      const words = wordsOf(block.values);
      for (let point = 0; point < block.size; point++) {
        const id = block.seriesOf(point);
        if (id >= wanted.length || wanted[id] === 0 || (number <= until && id < done)) continue;
        const timeMs = block.times[point]!;
        if (timeMs < startMs || timeMs > endMs) continue;
        const list = found.get(id);
        if (list === undefined) found.set(id, [{ block, words, point }]);
        else list.push({ block, words, point });
      }
    }
    return new Map(
      [...found].map(([id, points]) => {
        const times = Float64Array.from(points, ({ block, point }) => block.times[point]!);
        const values = new Float64Array(points.length);
        const to = wordsOf(values);
        points.forEach(({ words, point }, at) => copyValue(words, point, to, at));
        const histograms = points.map(({ block, point }) => block.histogram(point));
        const isPlain = histograms.every((histogram) => histogram === undefined);
        return [id, sortSamples({ times, values, histograms: isPlain ? undefined : histograms })];
      }),
    );
  }

  /** The samples of a series, of which `recent` are those not in chunks yet. */
  read(id: number, tier: number, startMs: number, endMs: number, recent: Samples = none): Samples {
    let samples = none;
    let reached = startMs;
    for (let finer = tier; finer >= 0 && reached <= endMs; finer--) {
      const part = within(this.#decoded(id, finer, reached, endMs), reached, endMs);
      if (part.times.length === 0) continue;
      samples = mergeSamples(samples, part);
      reached = part.times[part.times.length - 1]! + 1;
    }
    samples = mergeSamples(samples, tier === 0 ? within(recent, startMs, endMs) : within(recent, reached, endMs));
    for (let coarser = tier + 1; coarser < tiers.length; coarser++) {
      const first = samples.times[0] ?? endMs + 1;
      // Where the finer tier is complete, there is nothing to add.
      if (first <= startMs || startMs >= this.#oldestOf(coarser - 1)) break;
      const part = within(this.#decoded(id, coarser, startMs, first - 1), startMs, first - 1);
      samples = mergeSamples(part, samples);
    }
    return samples;
  }

  /**
   * The rollup of a series by the steps of a tier. Everything must be read in one transaction: what is closed is in the next tier, so only what is
   * open is looked for in the finer ones.
   */
  readRollup({ id, kind }: FoundSeries, tier: number, startMs: number, endMs: number, recent: Samples = none): Rollup | undefined {
    const { stepMs } = tiers[tier]!;
    const from = Math.floor(startMs / stepMs) * stepMs;
    const to = (Math.floor(endMs / stepMs) + 1) * stepMs - 1;
    const rows = this.#rollups.all(id, tier, to, from) as unknown as RollupRow[];
    for (let finer = tier - 1; finer > 0; finer--) rows.push(...(this.#open.all(id, finer) as unknown as RollupRow[]));
    const parts = rows.map(({ bytes, spans }) => decodeRollup(bytes, spans));
    const open = this.#open.get(id, 0) as { before: number | null; bytes: Uint8Array } | undefined;
    const samples = mergeSamples(open === undefined ? none : decodeSamples(open.bytes), recent);
    if (samples.times.length > 0) {
      const before = open === undefined ? this.#numberBefore(id, samples.times[0]!) : (open.before ?? Number.NaN);
      parts.push(rollUpSamples(samples, tiers[1]!.stepMs, kind, before));
    }
    const rollup = rollUp(parts, stepMs);
    const first = firstAt(rollup.times, from);
    const last = firstAt(rollup.times, to + 1);
    return first === last ? undefined : sliceRollup(rollup, first, last);
  }

  #decoded(id: number, tier: number, startMs: number, endMs: number): Samples {
    const rows = this.#chunks.all(id, tier, endMs, startMs) as unknown as (readonly [bytes: Uint8Array])[];
    return joinSamples(rows.map(([bytes]) => decodeSamples(bytes)));
  }

  /** When the first chunk of a tier ends: what is older was deleted. */
  #oldestOf(tier: number): number {
    return (this.#oldestMs[tier] ??= (this.#oldest.get(tier) as { end: number | null }).end ?? Infinity);
  }

  #numberBefore(id: number, timeMs: number): number {
    const row = this.#last.get(id, timeMs) as { bytes: Uint8Array } | undefined;
    return row === undefined ? Number.NaN : lastNumber(decodeSamples(row.bytes), Number.NaN);
  }
}
