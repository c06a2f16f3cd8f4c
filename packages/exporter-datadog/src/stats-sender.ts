import type { Clock, Context, Host, Timer } from '@millrace/api';
import { isPermanent } from '@millrace/api';
import {
  type ClientStats,
  Concentrator,
  type DatadogSpan,
  encodeStatsRequests,
  hasStatsConnector,
  peerTagKeys,
  type TraceChunk,
  type TracerPayload,
} from '@millrace/datadog-format';
import type { HttpClient } from '@millrace/transport';
import type { MemoryAccount } from '@millrace/wire';
import type { DatadogConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { agentVersion, fallbackHostname, intakeClient, intakeUrl } from './intake.ts';

const bucketMs = 10_000;
/** Statistics that wait for an intake which does not take them: five minutes of them, then the oldest are given up. */
const maxWaiting = 30;
const attemptMs = 15_000;
/** About what a group of statistics occupies. */
const groupBytes = 1500;

/** Counts the spans that the exporter sends and delivers the statistics every ten seconds, as long as no connector `datadog` does. */
export class StatsSender {
  readonly #config: DatadogConfig;
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #concentrator: Concentrator;
  #waiting: Delivery[] = [];
  #client: HttpClient | undefined;
  #timer: Timer | undefined;
  #account: MemoryAccount | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(config: DatadogConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#clock = context.clock;
    const { traces } = config;
    this.#concentrator = new Concentrator({
      computeStatsBySpanKind: traces.compute_stats_by_span_kind,
      peerTags: peerTagKeys(traces.peer_tags_aggregation, traces.peer_tags),
      bucketNanos: BigInt(bucketMs) * 1_000_000n,
      nowNanos: () => this.#nowNanos(),
    });
  }

  start(host: Host): void {
    this.#client = intakeClient(this.#config, 'stats', this.#context, host);
    this.#account = host.memory.account();
  }

  /** Counts a trace. */
  add(payload: TracerPayload, chunk: TraceChunk, root: DatadogSpan): void {
    if (hasStatsConnector()) return;
    const rate = root.metrics.get('_sample_rate') ?? 1;
    const weight = rate > 0 && rate <= 1 ? 1 / rate : 1;
    const source = {
      env: payload.env || 'none',
      hostname: payload.hostname,
      version: payload.appVersion,
      // Without tags of the container, which only an agent beside it knows, the intake has no use for its id.
      containerId: '',
      lang: payload.language,
      gitCommitSha: root.meta.get('_dd.git.commit.sha') ?? '',
      imageTag: '',
      containerTags: [],
    };
    for (const span of chunk.spans) this.#concentrator.add(span, source, chunk.origin, weight);
    this.#account?.set(this.#concentrator.size * groupBytes);
    if (this.#concentrator.size > 0) this.#schedule();
  }

  /** Delivers what is left, with one attempt for each request. */
  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flush(true);
    await this.#sending;
    if (this.#waiting.length > 0) this.#context.logger.error('Statistics of traces are dropped.', { error: 'shutdown' });
    this.#account?.set(0);
    await this.#client?.close();
  }

  #schedule(): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#flush(false);
      if (this.#concentrator.size > 0 || this.#waiting.length > 0) this.#schedule();
    }, bucketMs);
  }

  #flush(everything: boolean): void {
    const stats = this.#concentrator.flush(this.#nowNanos(), everything);
    this.#account?.set(this.#concentrator.size * groupBytes);
    if (this.#client === undefined) return;
    if (stats.length > 0) this.#waiting.push(this.#delivery(stats, this.#client));
    while (this.#waiting.length > maxWaiting) {
      this.#waiting.shift();
      this.#context.logger.error('Statistics of traces are dropped.', { error: 'the intake does not take them' });
    }
    this.#sending = this.#sending.then(() => this.#send());
  }

  #delivery(stats: ClientStats[], client: HttpClient): Delivery {
    const url = intakeUrl(this.#config, 'stats').href;
    const payloads = encodeStatsRequests({
      agentHostname: fallbackHostname(this.#config),
      agentEnv: 'none',
      agentVersion: agentVersion(this.#context),
      clientComputed: false,
      splitPayload: false,
      stats,
    });
    return new Delivery(
      payloads.map((payload) => ({ payload, client, url })),
      this.#clock,
    );
  }

  /** Tries everything that waits once. */
  async #send(): Promise<void> {
    const deliveries = this.#waiting;
    this.#waiting = [];
    for (const delivery of deliveries) {
      try {
        const result = await delivery.send(AbortSignal.timeout(attemptMs));
        if (result !== undefined) this.#context.logger.warn('Statistics of traces were refused.', result);
      } catch (error) {
        if (isPermanent(error)) this.#context.logger.error('Statistics of traces are dropped.', { error: (error as Error).message });
        else this.#waiting.push(delivery);
      }
    }
  }

  #nowNanos(): bigint {
    return BigInt(this.#clock.now()) * 1_000_000n;
  }
}
