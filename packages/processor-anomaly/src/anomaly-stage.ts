import { lend, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage, Visitor } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { CallCost, CallReader, moneyToNumber, PriceList } from '@millrace/genai';
import type { Call } from '@millrace/genai';
import { Outbox } from '@millrace/trace-buffer';
import { key, walk } from '@millrace/wire';
import type { BufferPool, MemoryAccount, SpanView } from '@millrace/wire';
import type { AnomalyConfig } from './config.ts';
import { gaugeBatches, noticeAttributes, noticePoints, noticesBatch } from './events.ts';
import { Labels } from './labels.ts';
import { kinds } from './measures.ts';
import { createMetrics } from './own-metrics.ts';
import { StateKeeper } from './state-keeper.ts';
import { Watch } from './watch.ts';
import type { Gauge, Notice } from './notice.ts';
import type { CallFacts } from './windows.ts';

const tags = {
  kind: key('anomaly.kind'),
  severity: key('anomaly.severity'),
  score: key('anomaly.score'),
  expected: key('anomaly.expected'),
  value: key('anomaly.value'),
};

const nanosPerMs = 1_000_000n;

const notRunning = new PipelineError('anomaly is not running', { kind: 'retryable' });
const waiting = new PipelineError('anomaly waits for the next component to take what it reports', { kind: 'retryable' });

/** What comes out: what came in, tagged; log records of onsets and ends; metrics. */
export interface Outputs {
  readonly items: boolean;
  readonly events: boolean;
  readonly metrics: boolean;
}

/** Watches the calls that pass, tags those of groups in an anomaly, and reports onsets, ends and what is expected. */
export class AnomalyStage implements Stage {
  readonly #config: AnomalyConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #outputs: Outputs;
  readonly #place: string;
  readonly #labels: Labels;
  readonly #watch: Watch;
  readonly #keeper: StateKeeper;
  readonly #outbox: Outbox;
  readonly #reader = new CallReader();
  readonly #count: (notice: Notice) => void;
  readonly #maxSkewMs: number;
  #walk: ReturnType<typeof walk> | undefined;
  #prices: PriceList | undefined;
  #pool: BufferPool | undefined;
  #account: MemoryAccount | undefined;
  #nowMs = 0;
  #stopped: Promise<void> | undefined;

  constructor(config: AnomalyConfig, next: Consumer, context: Context, outputs: Outputs, out?: Signal) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#outputs = outputs;
    this.#place = context.pipeline ?? (out === undefined ? 'traces' : `traces_${out}`);
    this.#maxSkewMs = durationMs(config.max_clock_skew);
    this.#labels = new Labels(config.group_by, config.hash, config.hash_key);
    this.#watch = new Watch(config, {
      notices: (notices) => this.#report(notices),
      ...(outputs.metrics && { gauges: (atMs: number, gauges: readonly Gauge[]) => this.#reportGauges(atMs, gauges) }),
    });
    this.#keeper = new StateKeeper(this.#watch, config, context);
    this.#outbox = new Outbox(next, context);
    const place = { [context.kind]: context.id, [context.pipeline === undefined ? 'signals' : 'pipeline']: this.#place };
    this.#count = createMetrics(context, this.#watch, place);
  }

  async start(host: Host): Promise<void> {
    const { logger } = this.#context;
    this.#prices = await PriceList.load({
      ...this.#config.prices,
      onReload: (problem) => {
        if (problem === undefined) logger.info('Read the prices again.');
        else logger.error('The prices could not be read again; those before stay.', { error: String(problem) });
      },
    });
    this.#walk = walk([this.#visitor(new CallCost(this.#prices))], (_, error) => {
      logger.error('Watching a span failed.', { error: String(error) });
    });
    if (this.#config.storage !== undefined) await this.#keeper.open(host, this.#config.storage, this.#place);
    this.#account = host.memory.account();
    this.#pool = host.pool;
  }

  #visitor(cost: CallCost): Visitor {
    const isTagging = this.#config.tag && this.#outputs.items;
    const onSpan = (span: SpanView): void => {
      const startMs = Number(span.startTimeUnixNano / nanosPerMs);
      const latestMs = this.#nowMs + this.#maxSkewMs;
      if (startMs <= latestMs) this.#watch.windows.advance(startMs);
      const call = this.#reader.readSpan(span);
      if (!call.billed) return;
      const facts = this.#facts(call, span, cost, Math.min(latestMs, Number(span.endTimeUnixNano / nanosPerMs)));
      this.#watch.add(facts);
      if (!isTagging) return;
      const worst = this.#watch.worst(facts.groups);
      if (worst === undefined) return;
      const { attributes } = span;
      attributes.setString(tags.kind, kinds[worst.measure]!);
      attributes.setString(tags.severity, worst.severity);
      attributes.setDouble(tags.score, worst.score);
      // After a restart, what is expected is known only after the next interval.
      if (Number.isNaN(worst.expected)) return;
      attributes.setDouble(tags.expected, worst.expected);
      attributes.setDouble(tags.value, worst.value);
    };
    return { onSpan };
  }

  #facts(call: Call, span: SpanView, cost: CallCost, endMs: number): CallFacts {
    const cached = call.cacheResult === 'hit';
    const failed = call.errorType !== '' || span.statusCode === 2;
    let money = Number.NaN;
    if (!cached && !failed) {
      cost.read(call, span.attributes, endMs);
      if (cost.missing === undefined) money = moneyToNumber(cost.amount);
    }
    return {
      endMs,
      groups: this.#labels.read(call, span),
      cell: `${call.requestModel || call.responseModel}\u0000${call.task}\u0000${call.operation}`,
      cost: money,
      latencySeconds: span.durationNanos / 1e9,
      quality: call.qualityScore,
      failed,
      cached,
    };
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined || this.#stopped !== undefined) throw notRunning;
    const refusal = this.refusing();
    if (refusal !== undefined) throw refusal;
    this.#nowMs = this.#context.clock.now();
    const tagged = this.#walk!.run(batch) ?? batch;
    this.#account?.set(this.#watch.sizeBytes);
    if (!this.#outputs.items) {
      this.#context.items.absorb(batch.items);
      return undefined;
    }
    return tagged === batch ? this.#next.consume(batch) : lend(this.#next, tagged);
  }

  refusing(): PipelineError | undefined {
    return this.#outbox.isFull ? waiting : undefined;
  }

  #report(notices: readonly Notice[]): void {
    const { kind, logger } = this.#context;
    for (const notice of notices) {
      this.#count(notice);
      // A connector has pipelines to say it in, and an instance for each.
      const level = kind !== 'processor' ? 'debug' : notice.state === 'ended' ? 'info' : 'warn';
      logger[level](notice.state === 'ended' ? 'An anomaly ended.' : 'An anomaly started.', { ...noticeAttributes(notice, this.#labels) });
    }
    if (this.#outputs.events) this.#outbox.sendNew(noticesBatch(notices, this.#labels, this.#pool!));
    if (this.#outputs.metrics) this.#outbox.sendNew(noticePoints(notices, this.#labels, this.#pool!));
  }

  #reportGauges(atMs: number, gauges: readonly Gauge[]): void {
    for (const batch of gaugeBatches(atMs, gauges, this.#labels, this.#pool!)) this.#outbox.sendNew(batch);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    if (this.#pool !== undefined) this.#watch.windows.finish();
    await this.#outbox.drain(signal);
    await this.#keeper.close();
    this.#prices?.close();
    this.#account?.set(0);
  }
}
