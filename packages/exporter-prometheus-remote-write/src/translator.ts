import type { Batch, DataPointView, MemoryLedger, MetricView, ResourceView, ScopeView, Visitor } from '@millrace/api';
import { ByteKey, ExponentialState, nameOptions, PointScan, readExemplars, targetInfoName } from '@millrace/prometheus-format';
import type { Exemplar } from '@millrace/prometheus-format';
import { walk } from '@millrace/wire';
import type { ByteWriter, MemoryAccount, Walk } from '@millrace/wire';
import { messageNames } from './config.ts';
import type { RemoteWriteConfig } from './config.ts';
import type { Encoder, ExtraLabel, LabelRange, MetricHeader } from './encoder.ts';
import { HistogramScan } from './histogram-scan.ts';
import { LabelCache } from './label-cache.ts';
import { LabelSets } from './label-sets.ts';
import type { Resource, Scope } from './label-sets.ts';
import { Metrics } from './metrics.ts';
import type { MetricPlan } from './metrics.ts';
import { Pieces } from './pieces.ts';
import type { RequestLimits, WriteRequest } from './pieces.ts';
import { plainNumber } from './plain-number.ts';

/** What became of a batch. */
export interface Translation {
  readonly requests: readonly WriteRequest[];
  /** By item, in the order of the batch: the number of its request; `unsent` for those that cannot be sent. */
  readonly requestOf: Uint32Array;
  /** Items that cannot be sent, and why the first of them cannot. */
  readonly refused: number;
  readonly refusal: string;
}

/** In `requestOf`: the item is in no request. */
export const unsent = 0xffff_ffff;

/** More labels than this are not kept: all are forgotten and read again. */
const maxKeptBytes = 64 * 1024 * 1024;

/** More bounds and quantiles than this are not kept. */
const maxExtras = 10_000;

/**
 * Makes requests of batches of metrics, by the rules of the Collector's exporter. What is known of a series, its encoded labels, is kept, so
 * that writing it again is a copy and a sample.
 */
export class Translator<N, E> implements Visitor {
  readonly #config: RemoteWriteConfig;
  readonly #makeEncoder: () => Encoder<N, E>;
  readonly #limits: RequestLimits;
  readonly #walk: Walk;
  readonly #pieces = new Pieces();
  readonly #scan = new PointScan();
  readonly #histogramScan = new HistogramScan();
  readonly #targetKey = new ByteKey();
  readonly #account: MemoryAccount;
  readonly #memory: MemoryLedger;
  #encoder: Encoder<N, E>;
  #labels = new LabelCache();
  #sets: LabelSets;
  #metrics: Metrics<N>;
  #extras: Record<ExtraLabel, Map<number, E>> = { le: new Map(), quantile: new Map() };
  #targetInfo: MetricHeader<N>;
  #batch = 0;
  #writer: ByteWriter | undefined;
  /** By item: its piece. */
  #pieceOf = new Uint32Array(256);
  #items = 0;
  #refused = 0;
  #refusal = '';
  #metadata: Buffer[] = [];
  #resource: Resource | undefined;
  #latestMs = 0;
  #scope: Scope | undefined;
  #metric: MetricPlan<N> | undefined;

  constructor(config: RemoteWriteConfig, makeEncoder: () => Encoder<N, E>, memory: MemoryLedger) {
    this.#config = config;
    this.#makeEncoder = makeEncoder;
    this.#memory = memory;
    this.#account = memory.account();
    this.#limits = {
      maxBytes: config.max_batch_size_bytes === 0 ? 3_000_000 : config.max_batch_size_bytes,
      maxLanes: Math.max(1, config.max_batch_request_parallelism ?? config.remote_write_queue.num_consumers),
    };
    this.#walk = walk([this], (_visitor, error) => this.#refuse(1, String(error)));
    const options = nameOptions(config);
    const encoder = makeEncoder();
    this.#encoder = encoder;
    this.#sets = new LabelSets(config, options);
    this.#metrics = new Metrics(encoder, options, this.#hasMetadata);
    this.#targetInfo = this.#makeTargetInfo();
  }

  get #hasMetadata(): boolean {
    return this.#config.send_metadata || this.#config.protobuf_message === messageNames.v2;
  }

  /** Translates a batch. The requests may lie in the memory of `writer`. */
  translate(batch: Batch, writer: ByteWriter): Translation {
    if (this.#keptBytes > maxKeptBytes || (this.#memory.available === 0 && this.#keptBytes > 0)) this.#forget();
    this.#batch++;
    this.#writer = writer;
    this.#encoder.begin(writer);
    this.#labels.begin();
    this.#pieces.begin();
    this.#metadata = [];
    this.#items = this.#refused = 0;
    this.#refusal = '';
    this.#walk.run(batch);
    this.#account.set(this.#keptBytes);
    const requestOfPiece = new Uint32Array(this.#pieces.size);
    const once = Buffer.concat(this.#metadata);
    const requests = this.#pieces.requests(writer, this.#encoder.shared(), once, this.#limits, requestOfPiece);
    const requestOf = new Uint32Array(this.#items);
    for (let item = 0; item < requestOf.length; item++) {
      const piece = this.#pieceOf[item]!;
      requestOf[item] = piece === unsent ? unsent : requestOfPiece[piece]!;
    }
    return { requests, requestOf, refused: this.#refused, refusal: this.#refusal };
  }

  /** Forgets everything. */
  stop(): void {
    this.#forget();
    this.#account.set(0);
  }

  onResource(view: ResourceView): void {
    this.#resource = this.#sets.resource(view);
    this.#latestMs = 0;
  }

  onScope(view: ScopeView): void {
    this.#scope = this.#sets.scope(this.#resource!, view);
  }

  onMetric(view: MetricView): void {
    const metric = this.#metrics.find(view);
    this.#metric = metric;
    if (metric.metadata === undefined || metric.sentWith === this.#batch) return;
    metric.sentWith = this.#batch;
    this.#metadata.push(metric.metadata);
  }

  onDataPoint(point: DataPointView): void {
    const writer = this.#writer!;
    const metric = this.#metric!;
    const scan = this.#scan;
    // What an earlier point left unfinished is no part of any piece.
    writer.position = this.#pieces.end;
    const item = this.#newItem();
    scan.read(point.range(), this.#scope!.id, metric.fields);
    const timeMs = Math.floor(scan.timeMs);
    if (timeMs > this.#latestMs) this.#latestMs = timeMs;
    if (metric.refusal !== undefined) return this.#refuse(1, metric.refusal);
    const startMs = metric.hasStart && scan.startMs >= 1 ? Math.floor(scan.startMs) : 0;
    let row = this.#labels.find(scan.key);
    if (row < 0)
      row = this.#labels.add(scan.key, (store) => this.#encoder.labels(this.#sets.series(point.attributes, this.#scope!), store));
    const labels = this.#labels.range(row);
    let samples = 1;
    let histograms = 0;
    if (metric.fields.isNumber) {
      if (scan.hasExemplars && metric.hasExemplars) this.#exemplars(point);
      this.#encoder.sample(metric, metric.name, labels, undefined, 0, scan.value, scan.isNoRecordedValue, timeMs, startMs);
    } else if (metric.kind === 'histogram') {
      const isNative = this.#config.convert_explicit_histograms_to_nhcb;
      samples = 0;
      if (isNative) {
        this.#customHistogram(point, labels, timeMs, startMs);
        histograms = 1;
      }
      if (!isNative || this.#config.keep_classic_histograms) samples = this.#classicHistogram(point, labels, timeMs, startMs);
    } else if (metric.kind === 'exponentialHistogram') {
      const problem = this.#exponentialHistogram(point, labels, timeMs, startMs);
      if (problem !== undefined) return this.#refuse(1, problem);
      samples = 0;
      histograms = 1;
    } else samples = this.#summary(point, labels, timeMs, startMs);
    const isInOrder = this.#labels.note(row, timeMs);
    this.#pieceOf[item] = this.#pieces.add(writer.position, this.#labels.hash(row), timeMs, samples, histograms, true, isInOrder);
  }

  onResourceEnd(): void {
    const target = this.#resource!.target;
    const timeMs = this.#latestMs;
    if (target === undefined || timeMs === 0 || !this.#config.target_info.enabled) return;
    const writer = this.#writer!;
    writer.position = this.#pieces.end;
    const key = this.#targetKey;
    key.clear();
    key.appendWord(this.#resource!.id);
    const known = this.#labels.find(key);
    const row = known < 0 ? this.#labels.add(key, (store) => this.#encoder.labels(target, store)) : known;
    // Batches of one resource need not come in order; of what is always the same, an older sample is worth nothing.
    if (timeMs < this.#labels.latestMs(row)) return;
    const metric = this.#targetInfo;
    this.#encoder.sample(metric, metric.name, this.#labels.range(row), undefined, 0, 1, false, timeMs, 0);
    this.#pieces.add(writer.position, this.#labels.hash(row), timeMs, 1, 0, false, this.#labels.note(row, timeMs));
  }

  #exemplars(point: DataPointView): void {
    for (const exemplar of readExemplars(point, { attributes: true })) this.#encoder.exemplar(exemplar);
  }

  /** Writes `_sum`, `_count` and `_bucket`; returns how many series that are. */
  #classicHistogram(point: DataPointView, labels: LabelRange, timeMs: number, startMs: number): number {
    const metric = this.#metric!;
    const encoder = this.#encoder;
    const scan = this.#histogramScan;
    const { hasExemplars, isNoRecordedValue: isStale } = this.#scan;
    scan.read(point.range());
    const { leAt } = labels;
    const exemplars = hasExemplars ? readExemplars(point, { attributes: true }) : undefined;
    if (scan.hasSum) encoder.sample(metric, metric.sum, labels, undefined, 0, scan.sum, isStale, timeMs, startMs);
    encoder.sample(metric, metric.count, labels, undefined, 0, scan.count, isStale, timeMs, startMs);
    const bounds = Math.min(scan.bounds, scan.buckets);
    let below = -Infinity;
    for (let i = 0, count = 0; i < bounds; i++) {
      const bound = scan.bound(i);
      count += scan.bucket(i);
      if (exemplars !== undefined) this.#exemplarsBetween(exemplars, below, bound);
      below = bound;
      encoder.sample(metric, metric.bucket, labels, this.#extra('le', bound), leAt, count, isStale, timeMs, startMs);
    }
    if (exemplars !== undefined) this.#exemplarsBetween(exemplars, below, Infinity);
    encoder.sample(metric, metric.bucket, labels, this.#extra('le', Infinity), leAt, scan.count, isStale, timeMs, startMs);
    return bounds + (scan.hasSum ? 3 : 2);
  }

  #exemplarsBetween(exemplars: readonly Exemplar[], above: number, upTo: number): void {
    for (const exemplar of exemplars) {
      if ((exemplar.value > above || above === -Infinity) && exemplar.value <= upTo) this.#encoder.exemplar(exemplar);
    }
  }

  /** Writes a histogram with explicit bounds as a native one. */
  #customHistogram(point: DataPointView, labels: LabelRange, timeMs: number, startMs: number): void {
    const scan = this.#histogramScan;
    scan.read(point.range());
    const bounds = Float64Array.from({ length: scan.bounds }, (_, index) => scan.bound(index));
    const counts = Float64Array.from({ length: scan.buckets }, (_, index) => scan.bucket(index));
    const none = { spans: [], counts: [] };
    if (this.#scan.hasExemplars) this.#exemplars(point);
    this.#encoder.histogram(
      {
        count: scan.count,
        sum: scan.sum,
        schema: 0,
        zeroThreshold: 0,
        zeroCount: 0,
        positive: counts.length === 0 ? none : { spans: [0, counts.length], counts },
        negative: none,
        bounds,
        isStale: this.#scan.isNoRecordedValue,
      },
      timeMs,
      startMs,
    );
    this.#encoder.histogramSeries(this.#metric!, labels);
  }

  /** Writes an exponential histogram as a native one, unless something is wrong with it. */
  #exponentialHistogram(point: DataPointView, labels: LabelRange, timeMs: number, startMs: number): string | undefined {
    const isStale = this.#scan.isNoRecordedValue;
    const state = ExponentialState.read(point, false);
    const problem = isStale ? undefined : state.problem();
    if (problem !== undefined) return problem;
    const { count, sum, native } = state.value();
    if (this.#scan.hasExemplars) this.#exemplars(point);
    this.#encoder.histogram({ ...native!, count, sum, isStale }, timeMs, startMs);
    this.#encoder.histogramSeries(this.#metric!, labels);
    return undefined;
  }

  /** Writes `_sum`, `_count` and the quantiles; returns how many series that are. */
  #summary({ sum = 0, count, quantiles }: DataPointView, labels: LabelRange, timeMs: number, startMs: number): number {
    const metric = this.#metric!;
    const encoder = this.#encoder;
    const isStale = this.#scan.isNoRecordedValue;
    encoder.sample(metric, metric.sum, labels, undefined, 0, sum, isStale, timeMs, startMs);
    encoder.sample(metric, metric.count, labels, undefined, 0, Number(count), isStale, timeMs, startMs);
    for (let i = 0; i < quantiles.size; i++) {
      const { quantile, value } = quantiles.at(i);
      encoder.sample(metric, metric.name, labels, this.#extra('quantile', quantile), labels.quantileAt, value, isStale, timeMs, startMs);
    }
    return quantiles.size + 2;
  }

  #extra(label: ExtraLabel, value: number): E {
    const known = this.#extras[label];
    let extra = known.get(value);
    if (extra === undefined) {
      if (known.size >= maxExtras) known.clear();
      known.set(value, (extra = this.#encoder.extra(label, plainNumber(value))));
    }
    return extra;
  }

  #newItem(): number {
    const item = this.#items++;
    if (item === this.#pieceOf.length) {
      const larger = new Uint32Array(item * 2);
      larger.set(this.#pieceOf);
      this.#pieceOf = larger;
    }
    this.#pieceOf[item] = unsent;
    return item;
  }

  #refuse(items: number, why: string): void {
    this.#refused += items;
    if (this.#refusal === '') this.#refusal = why;
  }

  get #keptBytes(): number {
    return this.#labels.keptBytes + this.#encoder.keptBytes;
  }

  #forget(): void {
    const options = nameOptions(this.#config);
    this.#encoder = this.#makeEncoder();
    this.#labels = new LabelCache();
    this.#sets = new LabelSets(this.#config, options);
    this.#metrics = new Metrics(this.#encoder, options, this.#hasMetadata);
    this.#extras = { le: new Map(), quantile: new Map() };
    this.#targetInfo = this.#makeTargetInfo();
  }

  #makeTargetInfo(): MetricHeader<N> {
    const encoder = this.#encoder;
    const name = encoder.name(targetInfoName(nameOptions(this.#config)));
    return { name, type: 'gauge', help: encoder.text('Target metadata'), unit: encoder.text('') };
  }
}
