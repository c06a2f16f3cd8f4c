import type { BufferPool, Clock, Consumer, Context, Timer } from '@millrace/api';
import { lend } from '@millrace/api';
import { createParser, formatOf } from '@millrace/prometheus-format';
import type { ExpositionParser, ParsedFormat, ParsedSample } from '@millrace/prometheus-format';
import { get } from './http-get.ts';
import type { HttpAccess } from './http-get.ts';
import { MetadataStore } from './metadata.ts';
import { MetricsBuilder } from './metrics-builder.ts';
import type { MetricsOptions, Value } from './metrics-builder.ts';
import { relabelRule } from './relabel.ts';
import { scrapeProtocols } from './scrape-configs.ts';
import type { FilledScrapeConfig } from './scrape-configs.ts';
import { makeSeries } from './series.ts';
import type { Series, SeriesRules } from './series.ts';
import type { Target } from './target.ts';

/** What every loop of a receiver works with. */
export interface Surroundings extends MetricsOptions {
  readonly context: Context;
  readonly pool: BufferPool;
  readonly next: Consumer;
  readonly reportExtra: boolean;
}

/** A sample that passed the rules. */
interface Scraped {
  readonly series: Series;
  readonly value: Value;
  readonly hasOwnTime: boolean;
}

/** How a scrape went. */
interface Report {
  readonly durationSeconds: number;
  readonly isUp: boolean;
  readonly scraped: number;
  readonly kept: number;
  readonly added: number;
  readonly bodyBytes: number;
}

const fallbackFormats: Readonly<Record<string, ParsedFormat>> = { PrometheusProto: 'protobuf' };

/** Scrapes one target at its interval until it is stopped. */
export class ScrapeLoop {
  readonly #target: Target;
  readonly #config: FilledScrapeConfig;
  readonly #access: HttpAccess;
  readonly #surroundings: Surroundings;
  readonly #rules: SeriesRules;
  readonly #ended = new AbortController();
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** Series by the text of the exposition, as far as it was seen lately; null: dropped. */
  #known = new Map<string, Series | null>();
  /** Series of the last scrape that end when they are gone, by key. */
  #last = new Map<string, Series>();
  /** The `_created` samples of the last scrape, by key: they count as samples and are parts of others. */
  #lastCreated: ReadonlySet<string> = new Set();
  /** Metadata of the last scrape that worked: what ends is of the type it was. */
  #metadata = new MetadataStore();

  constructor(target: Target, config: FilledScrapeConfig, access: HttpAccess, surroundings: Surroundings) {
    this.#target = target;
    this.#config = config;
    this.#access = access;
    this.#surroundings = surroundings;
    this.#clock = surroundings.context.clock;
    this.#rules = {
      targetLabels: target.labels,
      externalLabels: config.externalLabels,
      honorLabels: config.honor_labels,
      relabel: config.metric_relabel_configs.map(relabelRule),
      labelLimit: config.label_limit,
      labelNameLengthLimit: config.label_name_length_limit,
      labelValueLengthLimit: config.label_value_length_limit,
    };
    this.#schedule(this.#clock.now() + this.#offsetMs());
  }

  /** Ends the loop; `ended` tells whether the target is gone, so that its series have ended. */
  async stop(ended: boolean): Promise<void> {
    this.#ended.abort();
    this.#timer?.cancel();
    await this.#running;
    if (!ended) return;
    const builder = this.#builder();
    this.#addStale(builder, this.#last.values(), this.#clock.now());
    for (const name of this.#reportNames()) this.#addStale(builder, [this.#reportSeries(name)], this.#clock.now());
    await this.#pass(builder);
  }

  /** Targets are spread over the interval, each at its own fixed place. */
  #offsetMs(): number {
    let hash = 0;
    for (const char of this.#target.key) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
    const { intervalMs } = this.#target;
    return (hash + intervalMs - (this.#clock.now() % intervalMs)) % intervalMs;
  }

  #schedule(dueMs: number): void {
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#running = this.#scrape().finally(() => {
          if (this.#ended.signal.aborted) return;
          // A scrape that took longer than the interval costs the ones in between.
          const now = this.#clock.now();
          const { intervalMs } = this.#target;
          this.#schedule(dueMs + Math.max(1, Math.ceil((now - dueMs) / intervalMs)) * intervalMs);
        });
      },
      Math.max(0, dueMs - this.#clock.now()),
    );
  }

  async #scrape(): Promise<void> {
    const startMs = this.#clock.now();
    const began = performance.now();
    const metadata = new MetadataStore(this.#metadata);
    const read = new Reader(metadata, this.#known, this.#rules, this.#config, startMs);
    let error: Error | undefined;
    try {
      await this.#read(read);
    } catch (failure) {
      error = failure instanceof Error ? failure : new Error(String(failure));
    }
    if (this.#ended.signal.aborted) return;
    const { logger } = this.#surroundings.context;
    if (error !== undefined) {
      logger.warn('Failed to scrape Prometheus endpoint', { target: this.#target.url.href, error: error.message });
    }
    const samples = error === undefined ? read.samples : [];
    const builder = this.#builder(error === undefined ? metadata : this.#metadata);
    const ending = new Map(this.#last);
    this.#last = new Map();
    let added = 0;
    for (const { series, value, hasOwnTime } of samples) {
      builder.add(series, value);
      if (!ending.delete(series.key)) added++;
      if (!hasOwnTime || this.#config.track_timestamps_staleness) this.#last.set(series.key, series);
    }
    const created = new Set(error === undefined ? read.created.keys() : []);
    for (const key of created) if (!this.#lastCreated.has(key)) added++;
    this.#lastCreated = created;
    this.#addStale(builder, ending.values(), startMs);
    if (error === undefined) {
      this.#metadata = metadata;
      this.#known = read.seen;
    }
    this.#addReport(builder, startMs, {
      durationSeconds: (performance.now() - began) / 1000,
      isUp: error === undefined,
      scraped: error === undefined ? read.total : 0,
      kept: samples.length + created.size,
      added,
      bodyBytes: read.bodyBytes,
    });
    await this.#pass(builder);
  }

  async #read(reader: Reader): Promise<void> {
    const { scrape_protocols: protocols, enable_compression: compress, bodySizeLimitBytes: limitBytes } = this.#config;
    const quality = (index: number): string => `;q=0.${Math.max(1, protocols.length + 1 - index)}`;
    const accept = [...protocols.map((name, index) => scrapeProtocols[name]! + quality(index)), '*/*;q=0.1'].join(',');
    const { status } = await get(this.#target.url, this.#access, {
      headers: {
        accept,
        'accept-encoding': compress ? 'gzip' : 'identity',
        'user-agent': `millrace/${this.#surroundings.programVersion}`,
        'x-prometheus-scrape-timeout-seconds': String(this.#target.timeoutMs / 1000),
      },
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(this.#target.timeoutMs)]),
      limitBytes,
      onHead: (contentType) => reader.begin(contentType),
      onData: (chunk) => reader.push(chunk),
    });
    if (status !== 200) throw new Error(`server returned HTTP status ${status}`);
    reader.end();
  }

  #builder(metadata: MetadataStore = this.#metadata): MetricsBuilder {
    const { url, labels } = this.#target;
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    const resource = {
      'service.name': labels.get('job') ?? '',
      'service.instance.id': labels.get('instance') ?? '',
      ...(url.hostname !== 'localhost' && url.hostname !== '127.0.0.1' && { 'server.address': url.hostname }),
      'server.port': port,
      'url.scheme': url.protocol.slice(0, -1),
    };
    return new MetricsBuilder(metadata, resource, this.#surroundings);
  }

  #addStale(builder: MetricsBuilder, ended: Iterable<Series>, timestampMs: number): void {
    for (const series of ended) {
      const value = { value: 0, timestampMs, createdMs: Number.NaN, exemplar: undefined, histogram: undefined, isStale: true };
      builder.add(series, value);
    }
  }

  #reportNames(): string[] {
    const always = [
      'up',
      'scrape_duration_seconds',
      'scrape_samples_scraped',
      'scrape_samples_post_metric_relabeling',
      'scrape_series_added',
    ];
    const extra = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'];
    return this.#surroundings.reportExtra ? [...always, ...extra] : always;
  }

  #reportSeries(name: string): Series {
    const labels = new Map([...Object.entries(this.#config.externalLabels), ...this.#target.labels]);
    return { name, labels, key: name };
  }

  #addReport(builder: MetricsBuilder, timestampMs: number, report: Report): void {
    const values: Readonly<Record<string, number>> = {
      up: report.isUp ? 1 : 0,
      scrape_duration_seconds: report.durationSeconds,
      scrape_samples_scraped: report.scraped,
      scrape_samples_post_metric_relabeling: report.kept,
      scrape_series_added: report.added,
      scrape_timeout_seconds: this.#target.timeoutMs / 1000,
      scrape_sample_limit: this.#config.sample_limit,
      scrape_body_size_bytes: report.isUp ? report.bodyBytes : -1,
    };
    for (const name of this.#reportNames()) {
      const value = { value: values[name]!, timestampMs, createdMs: Number.NaN, exemplar: undefined, histogram: undefined, isStale: false };
      builder.add(this.#reportSeries(name), value);
    }
  }

  /** Nobody can scrape again what is refused: it is dropped and counted. */
  async #pass(builder: MetricsBuilder): Promise<void> {
    const { context, pool, next } = this.#surroundings;
    const batch = builder.finish(pool);
    if (batch === undefined) return;
    const { items } = batch;
    try {
      await lend(next, batch);
    } catch (error) {
      // What is taken is counted on the way to the pipelines.
      context.items.create(items);
      context.items.drop(items, 'refused');
      context.logger.error('Scraped metrics were refused.', { dropped_items: items, error: (error as Error).message });
    }
  }
}

/** Reads one answer of a target. */
class Reader {
  readonly samples: Scraped[] = [];
  /** The series of this answer: what is not among them is forgotten. */
  readonly seen = new Map<string, Series | null>();
  total = 0;
  bodyBytes = 0;
  readonly #metadata: MetadataStore;
  readonly #known: ReadonlyMap<string, Series | null>;
  readonly #rules: SeriesRules;
  readonly #config: FilledScrapeConfig;
  readonly #startMs: number;
  /** When series began, by what their labels have in common. */
  readonly created = new Map<string, number>();
  #parser: ExpositionParser | undefined;

  constructor(
    metadata: MetadataStore,
    known: ReadonlyMap<string, Series | null>,
    rules: SeriesRules,
    config: FilledScrapeConfig,
    startMs: number,
  ) {
    this.#metadata = metadata;
    this.#known = known;
    this.#rules = rules;
    this.#config = config;
    this.#startMs = startMs;
  }

  begin(contentType: string): void {
    const { fallback_scrape_protocol: fallback } = this.#config;
    const format =
      formatOf(contentType) ??
      (fallback === '' ? undefined : (fallbackFormats[fallback] ?? (fallback.startsWith('OpenMetrics') ? 'openmetrics' : 'text')));
    if (format === undefined) {
      throw new Error(
        `received unsupported Content-Type ${JSON.stringify(contentType)} and no fallback_scrape_protocol specified for target`,
      );
    }
    this.#parser = createParser(format, {
      type: (name, type) => void (this.#metadata.of(name).type = type),
      help: (name, help) => void (this.#metadata.of(name).help = help),
      unit: (name, unit) => void (this.#metadata.of(name).unit = unit),
      sample: (sample) => this.#sample(sample),
    });
  }

  push(chunk: Uint8Array): void {
    this.bodyBytes += chunk.length;
    this.#parser!.push(chunk);
  }

  end(): void {
    this.#parser!.end();
    for (const [i, { series, value }] of this.samples.entries()) {
      const createdMs = this.created.size === 0 ? undefined : this.created.get(this.#createdKey(series));
      if (createdMs !== undefined) this.samples[i] = { ...this.samples[i]!, value: { ...value, createdMs } };
    }
  }

  #sample(sample: ParsedSample): void {
    this.total++;
    let series = this.#known.get(sample.series);
    if (series === undefined) series = makeSeries(sample.name, sample.labels(), this.#rules) ?? null;
    this.seen.set(sample.series, series);
    if (series === null) return;
    if (sample.isCreated) {
      this.created.set(this.#createdKey(series), sample.createdMs);
      return;
    }
    const { sample_limit: limit, honor_timestamps: honorTimestamps } = this.#config;
    if (limit > 0 && this.samples.length >= limit) throw new Error('sample limit exceeded');
    const hasOwnTime = honorTimestamps && !Number.isNaN(sample.timestampMs);
    this.samples.push({
      series,
      hasOwnTime,
      value: {
        value: sample.value,
        timestampMs: hasOwnTime ? sample.timestampMs : this.#startMs,
        createdMs: sample.createdMs,
        exemplar: sample.exemplar(),
        histogram: sample.histogram,
        isStale: false,
      },
    });
  }

  /** A `_created` sample has the labels of its series, but for those of a single bucket or quantile. */
  #createdKey({ name, labels }: Series): string {
    const base = name.replace(/_(?:created|total|bucket|sum|count)$/, '');
    const rest = [...labels].filter(([label]) => label !== 'le' && label !== 'quantile').toSorted(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify([base, ...rest]);
  }
}
