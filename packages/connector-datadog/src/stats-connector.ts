import {
  type Batch,
  type Consumed,
  type Consumer,
  type Context,
  type Host,
  isPermanent,
  PipelineError,
  type Stage,
  type Timer,
} from '@millrace/api';
import { durationMs } from '@millrace/config';
import {
  announceStats,
  type ClientStats,
  Concentrator,
  encodeStats,
  peerTagKeys,
  StatsMapper,
  statsMetric,
} from '@millrace/datadog-format';
import { BatchBuilder, type BufferPool, type MemoryAccount } from '@millrace/wire';
import type { DatadogConnectorConfig } from './config.ts';

const defaultBucketMs = 10_000;
/** About what a group of statistics occupies. */
const groupBytes = 1500;
/** Statistics that wait for a pipeline that refuses them; then the oldest are dropped. */
const maxWaiting = 30;
/** Pause between attempts while the program ends. */
const lastPauseMs = 100;

const notRunning = new PipelineError('datadog is not running', { kind: 'retryable' });

/** Counts the spans of every batch and sends the statistics, as a metric that only exporter `datadog` understands, when their time is over. */
export class StatsConnector implements Stage {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #concentrator: Concentrator;
  readonly #mapper: StatsMapper;
  readonly #bucketMs: number;
  readonly #retract: () => void;
  #pool: BufferPool | undefined;
  #account: MemoryAccount | undefined;
  #timer: Timer | undefined;
  #waiting: Batch[] = [];
  #sending: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor({ traces }: DatadogConnectorConfig, next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
    this.#bucketMs = durationMs(traces.bucket_interval) || defaultBucketMs;
    const peerTags = peerTagKeys(traces.peer_tags_aggregation, traces.peer_tags);
    this.#concentrator = new Concentrator({
      computeStatsBySpanKind: traces.compute_stats_by_span_kind,
      peerTags,
      bucketNanos: BigInt(Math.round(this.#bucketMs * 1e6)),
      nowNanos: () => this.#nowNanos(),
    });
    this.#mapper = new StatsMapper(
      {
        spanNameAsResourceName: traces.span_name_as_resource_name,
        spanNameRemappings: new Map(Object.entries(traces.span_name_remappings)),
        computeTopLevelBySpanKind: traces.compute_top_level_by_span_kind,
        peerTags,
        ignoredResources: new Set(traces.ignore_resources),
        containerTagKeys: traces.resource_attributes_as_container_tags,
      },
      (span, source) => this.#concentrator.add(span, source),
    );
    this.#retract = announceStats();
  }

  start({ pool, memory }: Host): void {
    this.#pool = pool;
    this.#account = memory.account();
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined || this.#stopped !== undefined) throw notRunning;
    this.#mapper.map(batch);
    this.#context.items.absorb(batch.items);
    this.#account!.set(this.#concentrator.size * groupBytes);
    this.#schedule();
    return undefined;
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#retract();
    this.#flush(true);
    await this.#sending;
    while (this.#waiting.length > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => void this.#context.clock.setTimeout(resolve, lastPauseMs));
      await this.#send();
    }
    for (const batch of this.#waiting) this.#drop(batch, 'shutdown');
    this.#waiting = [];
    this.#account?.set(0);
  }

  #schedule(): void {
    this.#timer ??= this.#context.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#flush(false);
      void this.#sending.then(() => {
        const isIdle = this.#concentrator.size === 0 && this.#waiting.length === 0;
        if (!isIdle && this.#stopped === undefined) this.#schedule();
      });
    }, this.#bucketMs);
  }

  /** Makes a batch of the statistics whose time is over and offers all that waits to the next component. */
  #flush(everything: boolean): void {
    const stats = this.#concentrator.flush(this.#nowNanos(), everything);
    this.#account?.set(this.#concentrator.size * groupBytes);
    if (stats.length > 0) {
      this.#waiting.push(this.#batchOf(stats));
      this.#context.items.create(1);
      this.#context.items.hold(1);
    }
    while (this.#waiting.length > maxWaiting) this.#drop(this.#waiting.shift()!, 'refused');
    this.#sending = this.#sending.then(() => this.#send());
  }

  #batchOf(stats: ClientStats[]): Batch {
    const bytes = encodeStats({ agentHostname: '', agentEnv: 'none', agentVersion: '', clientComputed: false, splitPayload: false, stats });
    const builder = new BatchBuilder('metrics', this.#pool!);
    builder
      .resource()
      .scope()
      .metric({ name: statsMetric, type: 'sum' })
      .point({ attributes: { [statsMetric]: bytes } });
    return builder.finish()!;
  }

  /** Offers what waits, in order; what is refused for now stays, with all that comes after it. */
  async #send(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; [batch] = this.#waiting) {
      try {
        await this.#next.consume(batch);
        this.#waiting.shift();
        this.#context.items.hold(-1);
        batch.release();
      } catch (error) {
        if (!isPermanent(error)) return;
        this.#waiting.shift();
        this.#drop(batch, 'permanent');
      }
    }
  }

  #drop(batch: Batch, reason: string): void {
    this.#context.items.hold(-1);
    this.#context.items.drop(1, reason);
    batch.release();
  }

  #nowNanos(): bigint {
    return BigInt(this.#context.clock.now()) * 1_000_000n;
  }
}
