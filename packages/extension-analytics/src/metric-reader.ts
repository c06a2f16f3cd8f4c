import type { LabelMatcher, MetricSource, SeriesSamples } from '@millrace/api';
import type { HistoryMetrics } from '@millrace/history';
import { dayMs, minuteMs } from './periods.ts';
import type { Buckets } from './periods.ts';

/** What the series with the same values of some labels come to. */
export interface Group {
  /** The values of the labels that were asked for, in their order; empty where there is none. */
  readonly key: readonly string[];
  /** One for each bucket. */
  readonly values: Float64Array;
}

/** Names of labels by what users call them. */
export const dimensions = {
  model: 'millrace_model_name',
  task_type: 'millrace_task_type',
  user: 'millrace_user_hash',
  tier: 'millrace_cache_tier',
  key: 'millrace_api_key_id',
  provider: 'gen_ai_provider_name',
} as const;
export type Dimension = keyof typeof dimensions;

/** Which series of a metric, and by which labels they are grouped. */
export interface Selection {
  readonly metric: string;
  readonly by?: readonly string[];
  readonly matchers?: readonly LabelMatcher[];
}

/** A series by steps of time. */
interface Steps {
  readonly labels: ReadonlyMap<string, string>;
  /** In order of time. */
  readonly startsMs: ArrayLike<number>;
  /** Of counters: by how much they grew. What a counter had when it was seen first is `began`. */
  readonly increases: ArrayLike<number>;
  readonly began: number;
  readonly counts: ArrayLike<number>;
  readonly sums: ArrayLike<number>;
}

/** How far before a period the sample may be from which a counter grew, where there are no rollups. */
const lookbackMs = 5 * minuteMs;

/** Reads metrics by buckets of time: from rollups where the source has them, else from samples. */
export class MetricReader {
  readonly #source: MetricSource;

  constructor(source: MetricSource) {
    this.#source = source;
  }

  /**
   * By how much counters grew. A new series of a process (`job` and `instance`) that was known before grew from zero; of a process that was not known, what it had counted when it was seen first
   * is not counted.
   */
  async increases(selection: Selection, buckets: Buckets): Promise<Group[]> {
    const groups = new Groups(selection.by ?? [], buckets);
    const startMs = buckets.edgesMs[0]!;
    // What went on before has samples in the step before.
    const all = await this.#read(selection, { ...buckets, edgesMs: [startMs - buckets.stepMs, ...buckets.edgesMs.slice(1)] });
    const mayBeNew = ({ began, startsMs }: Steps): boolean => began > 0 && startsMs[0]! >= startMs;
    const known = all.some(mayBeNew) ? await this.#knownBefore(selection, buckets) : new Set<string>();
    const processes = firstTimes(all);
    for (const steps of all) {
      const { labels, startsMs, increases, began } = steps;
      const process = processOf(labels);
      const isNew = mayBeNew(steps) && !known.has(idOf(labels)) && (known.has(process) || processes.get(process)! < startsMs[0]!);
      for (let i = 0; i < startsMs.length; i++) groups.add(labels, startsMs[i]!, increases[i]! + (isNew && i === 0 ? began : 0));
    }
    return groups.all();
  }

  /** The means of gauges over time; NaN where there was none. */
  async means(selection: Selection, buckets: Buckets): Promise<Group[]> {
    const sums = new Groups(selection.by ?? [], buckets);
    const counts = new Groups(selection.by ?? [], buckets);
    for (const { labels, startsMs, counts: count, sums: sum } of await this.#read(selection, buckets)) {
      for (let i = 0; i < startsMs.length; i++) {
        sums.add(labels, startsMs[i]!, sum[i]!);
        counts.add(labels, startsMs[i]!, count[i]!);
      }
    }
    const of = counts.all();
    return sums.all().map(({ key, values }, i) => ({ key, values: values.map((sum, bucket) => sum / of[i]!.values[bucket]!) }));
  }

  async #read({ metric, matchers = [] }: Selection, { edgesMs, stepMs }: Buckets): Promise<Steps[]> {
    const selection = {
      matchers: [{ name: '__name__', operator: '=' as const, value: metric }, ...matchers],
      startMs: edgesMs[0]!,
      endMs: edgesMs.at(-1)! - 1,
      stepMs,
    };
    const { rollups } = this.#source as Partial<HistoryMetrics>;
    const found: Steps[] = [];
    if (rollups === undefined) {
      const early = { ...selection, startMs: selection.startMs - Math.max(stepMs, lookbackMs) };
      for await (const series of this.#source.select(early)) {
        const steps = stepsOf(series, selection.startMs);
        if (steps.startsMs.length > 0) found.push(steps);
      }
      return found;
    }
    for (const { labels, startsMs, lasts, counts, sums, increases } of await rollups.call(this.#source, selection)) {
      if (startsMs.length === 0) continue;
      const named = new Map(Array.from({ length: labels.length / 2 }, (_, i) => [labels[2 * i]!, labels[2 * i + 1]!]));
      found.push({ labels: named, startsMs, increases, began: lasts[0]! - increases[0]!, counts, sums });
    }
    return found;
  }

  /** The series, and the processes, of which there is something in the time before a period that is as long, and a day at least. */
  async #knownBefore(selection: Selection, { edgesMs, stepMs }: Buckets): Promise<Set<string>> {
    const startMs = edgesMs[0]!;
    const before = await this.#read(selection, { edgesMs: [startMs - Math.max(dayMs, edgesMs.at(-1)! - startMs), startMs], stepMs });
    return new Set(before.flatMap(({ labels }) => [idOf(labels), processOf(labels)]));
  }
}

function idOf(labels: ReadonlyMap<string, string>): string {
  return JSON.stringify([...labels]);
}

function processOf(labels: ReadonlyMap<string, string>): string {
  return `${labels.get('job') ?? ''}\0${labels.get('instance') ?? ''}`;
}

/** When each process was seen first. */
function firstTimes(all: readonly Steps[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { labels, startsMs } of all) {
    const process = processOf(labels);
    times.set(process, Math.min(times.get(process) ?? Infinity, startsMs[0]!));
  }
  return times;
}

function stepsOf({ labels, timestampsMs, values }: SeriesSamples, startMs: number): Steps {
  const [startsMs, increases, sums]: [number[], number[], number[]] = [[], [], []];
  let last = Number.NaN;
  let began = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const increase = Number.isNaN(last) ? 0 : value >= last ? value - last : value;
    last = value;
    if (timestampsMs[i]! < startMs) continue;
    if (startsMs.length === 0) began = value - increase;
    startsMs.push(timestampsMs[i]!);
    increases.push(increase);
    sums.push(value);
  }
  return { labels: new Map(labels), startsMs, increases, began, counts: startsMs.map(() => 1), sums };
}

/** Adds steps to the groups and buckets that they belong to. */
class Groups {
  readonly #by: readonly string[];
  readonly #edgesMs: readonly number[];
  readonly #groups = new Map<string, Group>();
  #labels: ReadonlyMap<string, string> | undefined;
  #group: Group | undefined;
  #bucket = 0;

  constructor(by: readonly string[], { edgesMs }: Buckets) {
    this.#by = by;
    this.#edgesMs = edgesMs;
  }

  add(labels: ReadonlyMap<string, string>, atMs: number, value: number): void {
    const edges = this.#edgesMs;
    if (labels !== this.#labels) {
      this.#labels = labels;
      this.#group = this.#groupOf(labels);
      this.#bucket = 0;
    }
    // The steps of a series are in order of time.
    while (this.#bucket < edges.length - 2 && atMs >= edges[this.#bucket + 1]!) this.#bucket++;
    if (atMs >= edges[this.#bucket]! && atMs < edges[this.#bucket + 1]!) this.#group!.values[this.#bucket]! += value;
  }

  all(): Group[] {
    return [...this.#groups.values()];
  }

  #groupOf(labels: ReadonlyMap<string, string>): Group {
    const key = this.#by.map((name) => labels.get(name) ?? '');
    const id = JSON.stringify(key);
    let group = this.#groups.get(id);
    if (group === undefined) this.#groups.set(id, (group = { key, values: new Float64Array(this.#edgesMs.length - 1) }));
    return group;
  }
}
