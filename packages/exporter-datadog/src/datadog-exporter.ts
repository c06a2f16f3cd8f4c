import { type Context, type Host, PipelineError, type Stage } from '@millrace/api';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import type { HttpClient } from '@millrace/transport';
import type { Batch, MemoryAccount } from '@millrace/wire';
import { checkKey } from './check-key.ts';
import type { DatadogConfig } from './config.ts';
import { type Converter, createConverter } from './converter.ts';
import { Delivery } from './delivery.ts';
import { HostMetadata } from './host-metadata.ts';
import { intakeClient, intakeUrl, type Target } from './intake.ts';
import { StatsSender } from './stats-sender.ts';

const targets: Readonly<Record<string, readonly Target[]>> = {
  traces: ['traces'],
  metrics: ['series', 'sketches', 'stats'],
  logs: ['logs'],
};

/** Converts batches once and sends what they become until the intake has taken all of it. */
export class DatadogExporter {
  readonly stage: Stage;
  readonly #config: DatadogConfig;
  readonly #context: Context;
  readonly #stats: StatsSender | undefined;
  readonly #metadata: HostMetadata;
  readonly #converter: Converter;
  readonly #clients = new Map<Target, HttpClient>();
  /** A batch that is sent again goes on where it was: converting it again would change the state of cumulative series. */
  readonly #deliveries = new WeakMap<Batch, Delivery>();
  #account: MemoryAccount | undefined;
  readonly #stop = new AbortController();
  #checking: Promise<void> = Promise.resolve();

  constructor(config: DatadogConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#stats = context.signal === 'traces' && !config.only_metadata ? new StatsSender(config, context) : undefined;
    this.#metadata = new HostMetadata(config, context);
    this.#converter = createConverter(config, context, this.#stats);
    this.stage = createExporter({
      context,
      config,
      start: (host) => this.#start(host),
      push: (batch, signal) => this.#push(batch, signal),
      shutdown: () => this.#shutdown(),
    });
  }

  async #start(host: Host): Promise<void> {
    const checking = checkKey(this.#config, this.#context, host, this.#stop.signal);
    if (this.#config.api.fail_on_invalid_key) await checking;
    else this.#checking = checking;
    for (const target of targets[this.#context.signal!]!)
      this.#clients.set(target, intakeClient(this.#config, target, this.#context, host));
    this.#account = host.memory.account();
    this.#stats?.start(host);
    this.#metadata.start(host);
  }

  async #push(batch: Batch, signal: AbortSignal): Promise<PushResult> {
    if (this.#clients.size === 0) throw new PipelineError('datadog exporter not started', { kind: 'retryable' });
    let delivery = this.#deliveries.get(batch);
    if (delivery === undefined) {
      this.#metadata.see(batch);
      delivery = this.#convert(batch);
      this.#deliveries.set(batch, delivery);
    }
    const result = await delivery.send(signal);
    this.#deliveries.delete(batch);
    return result;
  }

  #convert(batch: Batch): Delivery {
    const { bodies, rejected, message } = this.#converter.convert(batch);
    this.#account!.set(this.#converter.sizeBytes);
    const parcels = bodies.map(({ target, payload }) => ({
      payload,
      client: this.#clients.get(target)!,
      url: intakeUrl(this.#config, target).href,
    }));
    return new Delivery(parcels, this.#context.clock, rejected, message);
  }

  async #shutdown(): Promise<void> {
    this.#stop.abort();
    await this.#checking;
    await this.#stats?.shutdown();
    await this.#metadata.shutdown();
    for (const client of this.#clients.values()) await client.close();
    this.#account?.set(0);
  }
}
