import { lookup } from 'node:dns/promises';
import { isPermanent, isPipelineError, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Context, Host, Stage } from '@millrace/api';
import { createExporter } from '@millrace/exporter-helper';
import type { PushResult } from '@millrace/exporter-helper';
import { BatchBuilder, merge, walk } from '@millrace/wire';
import type { DataPointView, LogView, SpanView, Walk } from '@millrace/wire';
import { Backends } from './backends.ts';
import type { LoadBalancingConfig } from './config.ts';
import { DnsResolver } from './dns-resolver.ts';
import type { LookUp } from './dns-resolver.ts';
import { Handing, noExporter } from './handing.ts';
import type { Part } from './handing.ts';
import { ResolverInstruments } from './resolver.ts';
import type { Resolver } from './resolver.ts';
import { nowhere, routing } from './routing.ts';
import type { BalancedSignal } from './routing.ts';
import { StaticResolver } from './static-resolver.ts';

/** Marks an item that has no place to go. */
const lost = 0xffff;

/**
 * Splits each batch by the backends that the ring gives its items, and hands each backend its part. A batch is refused only when no backend
 * took a part of it: what others then refuse is tried again by this exporter's own settings, or dropped and counted.
 */
export class LoadBalancing implements Stage {
  readonly #config: LoadBalancingConfig;
  readonly #context: Context;
  readonly #signal: BalancedSignal;
  readonly #exporter: Stage;
  readonly #resolver: Resolver;
  readonly #handing: Handing;
  readonly #decide: Walk;
  readonly #copy: Walk;
  readonly #stop = new AbortController();
  /** Of a batch that is the rest of another one: how many items of that are gone. */
  readonly #gone = new WeakMap<Batch, number>();
  /** Of an error: how many items of the batch that it is about are gone. */
  readonly #goneBefore = new WeakMap<object, number>();
  #closing: Promise<void> | undefined;
  #backends: Backends | undefined;
  #pool: Host['pool'] | undefined;
  #ring: Uint16Array = new Uint16Array();
  /** The endpoint of every item of the batch that is being split. */
  #destinations: Uint16Array = new Uint16Array(1024);
  #counts: Uint32Array = new Uint32Array();
  #item = 0;
  #lost = 0;
  #builders: (BatchBuilder | undefined)[] = [];
  #failure: Error | undefined;

  constructor(config: LoadBalancingConfig, context: Context, lookUp: LookUp = (hostname) => lookup(hostname, { all: true })) {
    this.#config = config;
    this.#context = context;
    this.#signal = context.signal as BalancedSignal;
    const report = (_visitor: number, error: unknown): void => {
      this.#failure ??= error as Error;
    };
    this.#decide = walk([routing(config, this.#signal, (place) => this.#put(place))], report);
    const copy = (item: SpanView | DataPointView | LogView): void => this.#builders[this.#destinations[this.#item++]!]?.copy(item);
    this.#copy = walk([{ onSpan: copy, onDataPoint: copy, onLog: copy }], report);
    const { dns, static: fixed } = config.resolver;
    const instruments = new ResolverInstruments(context.meter, context.id, dns === undefined ? 'static' : 'dns');
    this.#resolver =
      dns === undefined ? new StaticResolver(fixed?.hostnames ?? [], instruments) : new DnsResolver(dns, instruments, context, lookUp);
    this.#handing = new Handing(context);
    const { items } = context;
    this.#exporter = createExporter({
      // What is delivered is booked by the exporters of the backends.
      context: {
        ...context,
        items: {
          drop: (count, reason) => items.drop(count, reason),
          create: (count) => items.create(count),
          absorb: () => {},
          hold: (count) => items.hold(count),
          label: (attributes) => items.label(attributes),
        },
      },
      config,
      start: (host) => this.#open(host),
      push: (batch, signal) => this.#push(batch, signal),
      shutdown: () => this.#close(),
    });
  }

  start(host: Host): Promise<void> | void {
    return this.#exporter.start?.(host);
  }

  refusing(): PipelineError | undefined {
    if (this.#config.sending_queue?.enabled === true) return this.#exporter.refusing?.();
    let refusal: PipelineError | undefined;
    const size = this.#backends?.size ?? 0;
    for (let index = 0; index < size; index++) {
      refusal = this.#backends?.at(index)?.exporter.refusing?.();
      if (refusal === undefined) return undefined;
    }
    return refusal;
  }

  consume(batch: Batch): Consumed {
    const { items } = batch;
    return this.#exporter.consume(batch)?.catch((error: unknown) => {
      const gone = this.#goneOf(error);
      if (gone === 0) throw error;
      // Some backends have their parts: offering all of it again would send those twice.
      const reason = isPermanent(error)
        ? 'permanent'
        : this.#config.retry_on_failure?.enabled === true
          ? 'retries_exhausted'
          : 'retry_disabled';
      this.#drop(items - gone, reason, error);
    });
  }

  shutdown(signal: AbortSignal): Promise<void> {
    const cut = (): void => this.#stop.abort(signal.reason);
    if (signal.aborted) cut();
    else signal.addEventListener('abort', cut, { once: true });
    // Nothing is left to be routed: what waits for a backend need not wait for its retries.
    if (this.#config.sending_queue?.enabled !== true) void this.#close();
    return Promise.resolve(this.#exporter.shutdown?.(signal)).finally(() => signal.removeEventListener('abort', cut));
  }

  async #open(host: Host): Promise<void> {
    this.#pool = host.pool;
    const backends = new Backends(this.#config.protocol.otlp, this.#context, host, this.#stop.signal);
    this.#backends = backends;
    await this.#resolver.start((endpoints) => backends.set(endpoints));
  }

  #close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#resolver.stop();
    await this.#backends?.stop();
    await this.#handing.idle();
  }

  #put(place: number): void {
    if (place === nowhere) {
      this.#destinations[this.#item++] = lost;
      this.#lost++;
      return;
    }
    const destination = this.#ring[place]!;
    this.#destinations[this.#item++] = destination;
    this.#counts[destination]!++;
  }

  async #push(batch: Batch, signal: AbortSignal): Promise<PushResult> {
    const backends = this.#backends;
    if (backends === undefined || backends.ring.length === 0) throw noExporter('');
    if (batch.items === 0) return undefined;
    const parts = this.#split(batch, backends);
    const lostItems = this.#lost;
    const goneBefore = this.#gone.get(batch) ?? 0;
    if (parts.length === 0) throw new PipelineError('unable to get service name from resource metric', { kind: 'permanent' });
    const failures = await this.#handing.handAll(parts, signal);
    if (failures.length === parts.length) {
      const [{ error }] = failures.toSorted((a, b) => Number(isPermanent(a.error)) - Number(isPermanent(b.error)));
      for (const { batch: part } of failures) part.release();
      throw this.#mark(error, goneBefore);
    }
    if (lostItems > 0) this.#drop(lostItems, 'no_service_name', 'unable to get service name from resource metric');
    const retryable: typeof failures = [];
    for (const failure of failures) {
      if (isPermanent(failure.error)) {
        this.#drop(failure.batch.items, 'permanent', failure.error);
        failure.batch.release();
      } else {
        retryable.push(failure);
      }
    }
    const [first] = retryable;
    if (first === undefined) return undefined;
    const remainder = merge(
      retryable.map((failure) => failure.batch),
      batch.client,
    );
    for (const failure of retryable) failure.batch.release();
    const gone = goneBefore + batch.items - remainder.items;
    this.#gone.set(remainder, gone);
    return { remainder, error: this.#mark(first.error, gone) };
  }

  /** The parts of a batch, one for each backend that has items in it; the batch itself when all go to one. The caller releases them. */
  #split(batch: Batch, backends: Backends): Part[] {
    const { items } = batch;
    const { size } = backends;
    this.#ring = backends.ring;
    if (this.#destinations.length < items) this.#destinations = new Uint16Array(2 * items);
    if (this.#counts.length < size) this.#counts = new Uint32Array(size);
    this.#counts.fill(0);
    this.#failure = undefined;
    this.#lost = this.#item = 0;
    this.#decide.run(batch);
    this.#check();
    const part = (index: number, of: Batch): Part => ({ endpoint: backends.nameAt(index), backend: backends.at(index), batch: of });
    const whole = this.#counts.indexOf(items);
    if (whole >= 0) return [part(whole, batch.hold())];
    this.#builders = Array.from({ length: size }, (_, index) =>
      this.#counts[index]! > 0 ? new BatchBuilder(this.#signal, this.#pool!) : undefined,
    );
    try {
      this.#item = 0;
      this.#copy.run(batch);
      this.#check();
      return this.#builders.flatMap((builder, index) => {
        const made = builder?.finish(batch.client);
        return made === undefined ? [] : [part(index, made)];
      });
    } finally {
      for (const builder of this.#builders) builder?.[Symbol.dispose]();
      this.#builders = [];
    }
  }

  /** Reading an item failed, so its place is not known. */
  #check(): void {
    if (this.#failure !== undefined) throw new PipelineError(this.#failure.message, { kind: 'permanent', cause: this.#failure });
  }

  #drop(items: number, reason: string, error: unknown): void {
    this.#context.items.drop(items, reason);
    const text = error instanceof Error ? error.message : String(error);
    this.#context.logger.error('Exporting failed. Dropping data.', { error: text, dropped_items: items });
  }

  #mark(error: PipelineError, gone: number): PipelineError {
    if (gone > 0) this.#goneBefore.set(error, gone);
    return error;
  }

  /** The error may have been wrapped. */
  #goneOf(error: unknown): number {
    if (!isPipelineError(error)) return 0;
    const { cause } = error;
    return this.#goneBefore.get(error) ?? (typeof cause === 'object' && cause !== null ? this.#goneBefore.get(cause) : undefined) ?? 0;
  }
}
