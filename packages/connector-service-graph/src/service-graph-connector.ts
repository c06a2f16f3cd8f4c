import { type Batch, type Consumed, type Consumer, type Context, type Host, PipelineError, type Stage, type Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Outbox } from '@millrace/trace-buffer';
import { type BufferPool, type MemoryAccount, type Walk, walk } from '@millrace/wire';
import type { ServiceGraphConfig } from './config.ts';
import { EdgeFinder } from './edge-finder.ts';
import { type Edge, EdgeStore } from './edge-store.ts';
import { Graph } from './graph.ts';

const defaultCleanMs = 60_000;
const defaultExpireMs = 2000;
/** While so many reports wait for a pipeline that refuses them, no further one is made: what it would say goes with a later one. */
const maxWaiting = 3;
/** About what a request that waits takes. */
const edgeBytes = 700;

const notRunning = new PipelineError('service_graph is not running', { kind: 'retryable' });

/** Pairs the spans of requests between services and reports metrics of them. */
export class ServiceGraphConnector implements Stage {
  readonly #config: ServiceGraphConfig;
  readonly #context: Context;
  readonly #outbox: Outbox;
  readonly #store: EdgeStore;
  readonly #finder: EdgeFinder;
  readonly #walk: Walk;
  readonly #flushMs: number;
  readonly #timers = new Map<string, Timer>();
  #graph: Graph | undefined;
  #pool: BufferPool | undefined;
  #account: MemoryAccount | undefined;
  #budgetBytes = 0;
  #expiredEdges = 0;
  #stopped: Promise<void> | undefined;

  constructor(config: ServiceGraphConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#outbox = new Outbox(next, context);
    this.#flushMs = durationMs(config.metrics_flush_interval);
    this.#store = new EdgeStore(config.store.max_items, durationMs(config.store.ttl), this.#complete, this.#expire);
    this.#finder = new EdgeFinder(config, this.#store);
    this.#walk = walk([this.#finder], (_visitor, error) => context.logger.error('A span could not be read', { error }));
    if (this.#flushMs <= 0) {
      context.logger.warn('MetricsFlushInterval is set to 0, metrics will be flushed on every received batch of traces');
    }
    this.#measure();
  }

  #measure(): void {
    const { meter, id } = this.#context;
    const counter = (name: string, description: string, read: () => number): void =>
      meter
        .createObservableCounter(`connector_servicegraph_${name}`, { description, unit: '1' })
        .addCallback((result) => result.observe(read(), { connector: id }));
    counter('dropped_spans', 'Number of spans dropped when trying to add edges', () => this.#finder.droppedSpans);
    counter('total_edges', 'Total number of unique edges', () => this.#finder.newEdges);
    counter('expired_edges', 'Number of edges that expired before finding its matching span', () => this.#expiredEdges);
  }

  start({ pool, memory }: Host): void {
    const { clock } = this.#context;
    this.#pool = pool;
    this.#account = memory.account();
    this.#budgetBytes = memory.budget;
    this.#graph = new Graph(this.#config, clock.now());
    this.#every('clean', durationMs(this.#config.cache_loop), defaultCleanMs, () => this.#graph!.clean(clock.now()));
    this.#every('expire', durationMs(this.#config.store_expiration_loop), defaultExpireMs, () => this.#store.expire(clock.now()));
    if (this.#flushMs > 0) this.#every('flush', this.#flushMs, this.#flushMs, () => this.#flush());
  }

  #every(name: string, intervalMs: number, fallbackMs: number, action: () => void): void {
    const pauseMs = intervalMs > 0 ? intervalMs : fallbackMs;
    const timer = this.#context.clock.setTimeout(() => {
      this.#every(name, intervalMs, fallbackMs, action);
      action();
    }, pauseMs);
    this.#timers.set(name, timer);
  }

  consume(batch: Batch): Consumed {
    if (this.#graph === undefined || this.#stopped !== undefined) throw notRunning;
    this.#finder.nowMs = this.#context.clock.now();
    this.#walk.run(batch);
    this.#context.items.absorb(batch.items);
    this.#account!.set(this.#sizeBytes);
    if (this.#flushMs <= 0) this.#flush();
    return undefined;
  }

  get #sizeBytes(): number {
    return this.#graph!.sizeBytes + this.#store.size * edgeBytes;
  }

  readonly #complete = (edge: Edge): void => {
    this.#graph!.add(edge, this.#context.clock.now(), () => this.#sizeBytes < this.#budgetBytes / 2);
  };

  readonly #expire = (edge: Edge): void => {
    this.#expiredEdges++;
    const { virtual_node_peer_attributes: peers } = this.#config;
    if (peers.length === 0) return;
    edge.connectionType = 'virtual_node';
    if (edge.client === '' && edge.isRoot) {
      edge.client = 'user';
      edge.virtualNode = 'client';
      this.#complete(edge);
    }
    if (edge.server === '') {
      edge.server = edge.peers.get(Math.min(...edge.peers.keys())) ?? 'unknown';
      edge.virtualNode = 'server';
      this.#complete(edge);
    }
  };

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#store.clear();
    if (this.#graph?.hasNews) this.#send();
    this.#account?.set(0);
    await this.#outbox.drain(signal);
  }

  #flush(): void {
    if (this.#outbox.size < maxWaiting) this.#send();
  }

  #send(): void {
    const batch = this.#graph!.report(this.#pool!, this.#context.clock.now());
    if (batch === undefined) return;
    this.#context.items.create(batch.items);
    this.#context.items.hold(batch.items);
    this.#outbox.send(batch);
  }
}
