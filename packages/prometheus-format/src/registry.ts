import type { Batch, Context, DataPointView, MemoryLedger, MetricView, ResourceView, ScopeView, Verdict, Visitor } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { walk } from '@millrace/wire';
import type { MemoryAccount, MetricType, Walk } from '@millrace/wire';
import { ByteArena } from './byte-arena.ts';
import { ByteKey } from './byte-key.ts';
import { readExemplars } from './exemplars.ts';
import { ExponentialState } from './exponential-state.ts';
import { Families } from './families.ts';
import type { Target } from './families.ts';
import { rowBytes } from './family.ts';
import type { Family, PointState } from './family.ts';
import { HistogramState } from './histogram-state.ts';
import { LabelNames } from './label-names.ts';
import { encodeLabels, mayHaveQuotedNames } from './labels.ts';
import type { Label } from './metric-family.ts';
import { nameOptions } from './naming.ts';
import type { NamingConfig } from './naming.ts';
import { PointScan } from './point-scan.ts';
import { attributesOf } from './resource-labels.ts';
import type { ResourceLabelsConfig } from './resource-labels.ts';
import { Resources } from './resources.ts';
import type { Scope } from './resources.ts';
import { SummaryState } from './summary-state.ts';

/** Bytes that a family and a resource take besides their series, roughly. */
const familyBytes = 2048;
const resourceBytes = 1024;

/** The checked settings of a registry. Times are Go durations. */
export interface RegistryConfig extends NamingConfig, ResourceLabelsConfig {
  readonly const_labels: Readonly<Record<string, string>>;
  /** Duration for which a series is known after its last update. */
  readonly metric_expiration: string;
  readonly without_scope_info: boolean;
}

/** Who wants every value and not only the last one of each series. A row stands for a series of its family until it is `removed`. */
export interface SampleSink {
  /** The series got a number; deltas are added up. It is older than the last one when it came late. */
  number(family: Family, row: number, timeMs: number, value: number): void;
  /** The same of a histogram or summary. */
  state(family: Family, row: number, timeMs: number, state: PointState): void;
  /** The series ended: it got a point without a value. */
  stale(family: Family, row: number, timeMs: number): void;
  removed(family: Family, row: number): void;
}

/**
 * The last values of all series, by the name and labels that they are exposed with. One instance belongs to one exporter. Series and what they
 * come from are forgotten when they were not updated for `metric_expiration`.
 */
export class Registry implements Visitor {
  readonly #context: Context;
  readonly #sink: SampleSink | undefined;
  readonly #names: LabelNames;
  readonly #expirationMs: number;
  readonly #resources: Resources;
  readonly #families: Families;
  readonly #walk: Walk;
  readonly #scan = new PointScan();
  readonly #arena = new ByteArena();
  readonly #labels = new ByteKey();
  #hasQuotedNames = false;
  readonly #drops = new Map<string, number>();
  /** What was said since the last expiry: each thing is said once. */
  readonly #said = new Set<string>();
  #memory: MemoryLedger | undefined;
  #account: MemoryAccount | undefined;
  #series = 0;
  #stateBytes = 0;
  #nowMs = 0;
  #resource: ReturnType<Resources['find']> | undefined;
  #scope: Scope | undefined;
  #target: Target | undefined;

  constructor(config: RegistryConfig, context: Context, sink?: SampleSink) {
    this.#context = context;
    this.#sink = sink;
    const options = nameOptions(config);
    this.#names = new LabelNames(options);
    this.#families = new Families(options, this.#arena, (sentence, about) => this.#say(sentence, about));
    this.#expirationMs = durationMs(config.metric_expiration);
    this.#resources = new Resources(config, this.#names, this.#expirationMs);
    this.#walk = walk([this], (_visitor, error) => this.#say('Reading a metric failed.', String(error)));
  }

  /** From here on state is declared to the ledger. */
  start(memory: MemoryLedger): void {
    this.#memory = memory;
    this.#account = memory.account();
    this.#declare();
  }

  /** Lets go of everything. */
  stop(): void {
    this.#account?.set(0);
    this.#account = undefined;
    this.#families.clear();
  }

  /** Takes the values of a batch of metrics. What is no value that can be exposed is dropped and counted. */
  consume(batch: Batch): void {
    this.#nowMs = this.#context.clock.now();
    this.#walk.run(batch);
    this.#declare();
    let dropped = 0;
    for (const [reason, points] of this.#drops) {
      this.#context.items.drop(points, reason);
      dropped += points;
    }
    this.#drops.clear();
    this.#context.items.absorb(batch.items - dropped);
  }

  onResource(view: ResourceView): void {
    this.#resource = this.#resources.find(view, this.#nowMs);
  }

  onScope(view: ScopeView): void {
    this.#scope = this.#resources.findScope(this.#resource!, view);
  }

  onMetric(metric: MetricView): Verdict {
    const target = this.#families.find(metric);
    this.#target = target;
    if (target.family !== undefined) return undefined;
    this.#drop(target.refusal, metric.size);
    return 'skip';
  }

  onDataPoint(point: DataPointView): void {
    const { family, fields, isDelta, type } = this.#target!;
    const scan = this.#scan;
    scan.read(point.range(), this.#scope!.id, fields);
    let row = this.#rowOf(family!, point);
    if (scan.isNoRecordedValue) {
      if (row < 0) return;
      this.#sink?.stale(family!, row, scan.timeMs);
      this.#remove(family!, row);
      return;
    }
    const isNew = row < 0;
    if (isNew) {
      row = this.#add(family!);
      if (row < 0) return;
    } else if (!isDelta || family!.isNumber) {
      if (scan.timeMs < family!.timesMs[row]!) return this.#late(family!, row, point, type);
    }
    if (family!.isNumber) this.#updateNumber(family!, row, point, isDelta && !isNew);
    else this.#updateState(family!, row, point, type, isDelta && !isNew, isNew);
  }

  /** The families in order of their names, as they are now. */
  families(): readonly Family[] {
    return this.#families.sorted();
  }

  /** The name and the labels of `target_info`, of every target. */
  get targetInfo(): { readonly name: string; readonly labels: Iterable<string> } {
    return { name: this.#families.targetInfoName, labels: this.#resources.targets(this.expiredBeforeMs) };
  }

  /** What was not updated since is not exposed. */
  get expiredBeforeMs(): number {
    return this.#context.clock.now() - this.#expirationMs;
  }

  /** Forgets what is expired. Yields now and then, so that others get on with their work. */
  *expire(): Generator<void> {
    const beforeMs = this.expiredBeforeMs;
    this.#said.clear();
    for (const family of this.#families.sorted()) {
      for (let row = 0; row < family.rows; row++) {
        if (family.updatedMs[row]! < beforeMs) this.#remove(family, row);
        else if (family.updatedMs[row]! >= beforeMs) family.settle(row);
        if (row % 1024 === 1023) yield;
      }
      if (family.size === 0) this.#families.remove(family);
    }
    this.#resources.expire(beforeMs);
    this.#declare();
  }

  #rowOf(family: Family, point: DataPointView): number {
    const row = family.find(this.#scan.key);
    if (row >= 0) return row;
    // The same labels can come with other bytes: in another order, or from another resource that is exposed alike.
    const labels = this.#labelsOf(point);
    this.#hasQuotedNames = mayHaveQuotedNames(labels);
    this.#labels.setText(labels);
    return family.findLabels(this.#labels, this.#scan.key);
  }

  #labelsOf(point: DataPointView): string {
    const { resource, labels } = this.#scope!;
    const all: Label[] = [];
    for (const [name, value] of attributesOf(point.attributes)) {
      if (!resource.attributes.has(name)) all.push([this.#names.label(name), value]);
    }
    for (const [name, value] of resource.attributes) all.push([this.#names.label(name), value]);
    return encodeLabels([...all, ...labels]);
  }

  #add(family: Family): number {
    if (this.#memory?.available === 0) {
      this.#drop('no_memory', 1);
      this.#say('Too many series for the memory budget; new ones are dropped.', '');
      return -1;
    }
    const row = family.add(this.#labels, this.#hasQuotedNames, this.#scan.key);
    this.#series++;
    return row;
  }

  /** A value before the last one: nothing for who wants the last one only. */
  #late(family: Family, row: number, point: DataPointView, type: MetricType): void {
    const sink = this.#sink;
    if (sink === undefined) return this.#drop('older_than_the_last_value', 1);
    const { timeMs, value } = this.#scan;
    if (family.isNumber) return sink.number(family, row, timeMs, value);
    const state = this.#stateOf(point, type, family.states[row]);
    const problem = state instanceof ExponentialState ? state.problem() : undefined;
    if (problem === undefined) return sink.state(family, row, timeMs, state);
    this.#say(problem, family.header.name);
    this.#drop('invalid_histogram', 1);
  }

  #stateOf(point: DataPointView, type: MetricType, like: PointState | undefined): PointState {
    const { hasExemplars } = this.#scan;
    if (type === 'histogram') return HistogramState.read(point, hasExemplars, like instanceof HistogramState ? like : undefined);
    return type === 'summary' ? new SummaryState(point) : ExponentialState.read(point, hasExemplars);
  }

  #remove(family: Family, row: number): void {
    this.#sink?.removed(family, row);
    this.#series--;
    this.#stateBytes -= family.states[row]?.sizeBytes ?? 0;
    family.remove(row);
  }

  #updateNumber(family: Family, row: number, point: DataPointView, accumulates: boolean): void {
    const { timeMs, startMs, value, hasExemplars } = this.#scan;
    if (accumulates && startMs === family.timesMs[row]) family.values[row]! += value;
    else {
      family.values[row] = value;
      family.startsMs[row] = startMs;
    }
    family.timesMs[row] = timeMs;
    family.updatedMs[row] = this.#nowMs;
    if (family.header.type === 'counter') {
      const exemplar = hasExemplars ? readExemplars(point).at(-1) : undefined;
      if (exemplar !== undefined) family.exemplars.set(row, exemplar);
      else if (family.exemplars.size > 0) family.exemplars.delete(row);
    }
    this.#sink?.number(family, row, timeMs, family.values[row]!);
  }

  #updateState(family: Family, row: number, point: DataPointView, type: MetricType, accumulates: boolean, isNew: boolean): void {
    const { timeMs, startMs } = this.#scan;
    const before = family.states[row];
    let state = this.#stateOf(point, type, before);
    let beganMs = startMs;
    let endMs = timeMs;
    if (state instanceof ExponentialState) {
      const problem = state.problem();
      if (problem !== undefined) {
        if (isNew) this.#remove(family, row);
        this.#say(problem, family.header.name);
        return this.#drop('invalid_histogram', 1);
      }
    }
    if (accumulates) {
      const lastMs = family.timesMs[row]!;
      if (startMs === lastMs) {
        beganMs = family.startsMs[row]!;
        endMs = Math.max(timeMs, lastMs);
        if (state instanceof HistogramState && before instanceof HistogramState) state = before.plus(state);
        else if (state instanceof ExponentialState && before instanceof ExponentialState) state = before.plus(state);
      } else {
        this.#say('Misaligned starting timestamps', family.header.name);
        if (startMs < lastMs) return this.#drop('misaligned_start', 1);
      }
    }
    this.#stateBytes += state.sizeBytes - (before?.sizeBytes ?? 0);
    family.states[row] = state;
    family.timesMs[row] = endMs;
    family.startsMs[row] = beganMs;
    family.updatedMs[row] = this.#nowMs;
    this.#sink?.state(family, row, endMs, state);
  }

  /** Tells the ledger how much memory is taken. */
  #declare(): void {
    const known = this.#families.size * familyBytes + this.#resources.size * resourceBytes;
    this.#account?.set(this.#arena.liveBytes + this.#series * rowBytes + this.#stateBytes + known);
  }

  #drop(reason: string, points: number): void {
    if (points > 0) this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + points);
  }

  /** Says something about a metric, unless it was said lately. */
  #say(sentence: string, about: string): void {
    const said = `${sentence}\0${about}`;
    if (this.#said.has(said) || this.#said.size >= 1000) return;
    this.#said.add(said);
    this.#context.logger.warn(sentence, about === '' ? {} : { about });
  }
}
