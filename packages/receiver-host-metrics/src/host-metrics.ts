import { isPermanent, lend } from '@millrace/api';
import type { Component, Consumer, Context, Host, Signal, Timer } from '@millrace/api';
import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import { durationMs } from '@millrace/config';
import type { HostMetricsConfig } from './config.ts';
import { hostEntityEvent } from './host-entity-event.ts';
import { HostFiles } from './host-files.ts';
import { Recorder } from './recorder.ts';
import type { MetricConfig, Scraper, ScraperType } from './scraper.ts';
import { scrapers } from './scrapers.ts';
import type { ScraperName } from './scrapers.ts';

const scopePrefix = 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/internal/scraper';

interface Running {
  readonly name: string;
  readonly metrics: ScraperType['metrics'];
  readonly config: Readonly<Record<string, MetricConfig>>;
  readonly scraper: Scraper;
  isBusy: boolean;
}

/**
 * Measures the host at intervals and sends one batch each time. A scraper that fails costs only what it would have measured: the failure is
 * counted, and the first one of its kind is logged. What the pipeline refuses is dropped, since the next collection replaces it.
 */
export class HostMetrics implements Component {
  readonly #next: ReadonlyMap<Signal, Consumer>;
  readonly #context: Context;
  readonly #files: HostFiles;
  readonly #scrapers: readonly Running[];
  readonly #delayMs: number;
  readonly #timeoutMs: number;
  readonly #intervals: Readonly<Record<'metrics' | 'logs', number>>;
  readonly #timers = new Map<'metrics' | 'logs', Timer>();
  readonly #logged = new Set<string>();
  readonly #scraped;
  readonly #errored;
  #pool: BufferPool | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Ends the collection that runs. */
  #giveUp: (() => void) | undefined;
  #isStopped = false;

  constructor(config: HostMetricsConfig, next: ReadonlyMap<Signal, Consumer>, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#files = new HostFiles(config.root_path);
    this.#delayMs = durationMs(config.initial_delay);
    this.#timeoutMs = durationMs(config.timeout);
    this.#intervals = { metrics: durationMs(config.collection_interval), logs: durationMs(config.metadata_collection_interval) };
    this.#scrapers = Object.entries(config.scrapers).map(([name, settings]) => {
      const type = scrapers[name as ScraperName];
      const scraper = type.make(settings as never, this.#files, context);
      return { name, metrics: type.metrics, config: settings.metrics, scraper, isBusy: false };
    });
    const { meter } = context;
    const unit = '{datapoint}';
    this.#scraped = meter.createCounter('scraper_scraped_metric_points', {
      unit,
      description: 'Number of metric points successfully scraped.',
    });
    this.#errored = meter.createCounter('scraper_errored_metric_points', {
      unit,
      description: 'Number of metric points that were unable to be scraped.',
    });
  }

  start(host: Host): void {
    this.#pool = host.pool;
    const now = this.#context.clock.now();
    if (this.#next.has('metrics')) this.#schedule('metrics', now + this.#delayMs);
    if (this.#next.has('logs')) this.#schedule('logs', now);
  }

  /** Sets the timer for what is due at a time. Of several times that were missed only the last one counts, and is made up for at once. */
  #schedule(signal: 'metrics' | 'logs', dueMs: number): void {
    if (this.#isStopped) return;
    const { clock } = this.#context;
    const intervalMs = this.#intervals[signal];
    const lateMs = clock.now() - dueMs;
    const atMs = lateMs > 0 && intervalMs > 0 ? dueMs + Math.floor(lateMs / intervalMs) * intervalMs : dueMs;
    const run = async (): Promise<void> => {
      this.#timers.delete(signal);
      await (signal === 'metrics' ? this.#collect() : this.#sendEntityEvent());
      if (intervalMs > 0) this.#schedule(signal, atMs + intervalMs);
    };
    const start = (): void => void (this.#running = Promise.all([this.#running, run()]).then(() => undefined));
    this.#timers.set(signal, clock.setTimeout(start, Math.max(0, atMs - clock.now())));
  }

  async #collect(): Promise<void> {
    const timeUp = new AbortController();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    aborted.catch(() => undefined);
    const giveUp = (): void => {
      timeUp.abort();
      reject(new Error('context deadline exceeded'));
    };
    this.#giveUp = giveUp;
    const timer = this.#timeoutMs > 0 ? this.#context.clock.setTimeout(giveUp, this.#timeoutMs) : undefined;
    const recorders = await Promise.all(this.#scrapers.map((running) => this.#measure(running, timeUp.signal, aborted)));
    timer?.cancel();
    using builder = new BatchBuilder('metrics', this.#pool!);
    for (const [i, { name }] of this.#scrapers.entries()) {
      await recorders[i]!.write(builder, `${scopePrefix}/${name}scraper`, this.#context.program.version);
      this.#account(name, recorders[i]!);
    }
    await this.#send('metrics', builder.finish());
  }

  /** Runs a scraper until it is done or `aborted` rejects. One that did not come back yet is not run again. */
  async #measure(running: Running, signal: AbortSignal, aborted: Promise<never>): Promise<Recorder> {
    const timeUnixNano = BigInt(Math.trunc(this.#context.clock.now())) * 1_000_000n;
    let startUnixNano = timeUnixNano;
    let failure: unknown;
    try {
      startUnixNano = this.#files.bootTimeUnixNano();
    } catch (error) {
      failure = error;
    }
    const recorder = new Recorder(running.metrics, running.config, startUnixNano, timeUnixNano, signal);
    const fail = (error: unknown): void => recorder.fail('scrape', (error as Error).message, Object.keys(running.metrics).length);
    if (failure !== undefined) fail(failure);
    else if (running.isBusy) fail(new Error('the collection before is still running'));
    else {
      running.isBusy = true;
      const work = (async () => running.scraper.scrape(recorder))().finally(() => (running.isBusy = false));
      await Promise.race([work, aborted]).catch(fail);
      work.catch(() => undefined);
    }
    recorder.close();
    return recorder;
  }

  #account(scraper: string, { metrics, failures }: Recorder): void {
    const attributes = { receiver: this.#context.id, scraper };
    this.#scraped.add(metrics, attributes);
    for (const { kind, message, metrics: missing } of failures) {
      this.#errored.add(missing, attributes);
      const isNew = !this.#logged.has(`${scraper} ${kind}`);
      this.#logged.add(`${scraper} ${kind}`);
      this.#context.logger[isNew ? 'error' : 'debug']('Error scraping metrics', { scraper, error: message });
    }
  }

  #sendEntityEvent(): Promise<void> {
    return this.#send('logs', hostEntityEvent(this.#pool!, this.#context.clock.now(), this.#intervals.logs));
  }

  async #send(signal: 'metrics' | 'logs', batch: Batch | undefined): Promise<void> {
    const consumer = this.#next.get(signal);
    if (batch === undefined || consumer === undefined) return;
    const { items } = batch;
    try {
      await lend(consumer, batch);
    } catch (error) {
      const reason = isPermanent(error) ? 'permanent' : 'refused';
      // What is taken is counted on the way to the pipelines.
      this.#context.items.create(items);
      this.#context.items.drop(items, reason);
      const isNew = !this.#logged.has(`${signal} ${reason}`);
      this.#logged.add(`${signal} ${reason}`);
      this.#context.logger[isNew ? 'error' : 'debug'](`Error sending ${signal} to the consumer`, { error: (error as Error).message });
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    const timeUp = new Promise<void>((resolve) => {
      const end = (): void => {
        this.#giveUp?.();
        resolve();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
    await Promise.race([this.#running, timeUp]);
  }
}
