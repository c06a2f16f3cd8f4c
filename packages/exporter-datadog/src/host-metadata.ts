import { hostname as systemHostname } from 'node:os';
import type { Context, Host, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { attributesOf, type Payload, sourceOf } from '@millrace/datadog-format';
import type { HttpClient } from '@millrace/transport';
import { type Batch, walk } from '@millrace/wire';
import type { DatadogConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { fallbackHostname, intakeClient, intakeUrl } from './intake.ts';

/** Exporters that tell of the host, by configuration: of those with the same one, which differ in their signal, the first does. */
const tellers = new WeakMap<DatadogConfig, HostMetadata>();

const attemptMs = 15_000;

/** Tells Datadog of the host that the program runs on, its tags included, at the start and every half hour. */
export class HostMetadata {
  readonly #config: DatadogConfig;
  readonly #context: Context;
  #client: HttpClient | undefined;
  #timer: Timer | undefined;
  #hostname: string | undefined;
  #telling: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(config: DatadogConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    if (config.host_metadata.hostname_source === 'config_or_system') this.#hostname = fallbackHostname(config);
  }

  start(host: Host): void {
    if (!this.#config.host_metadata.enabled || tellers.has(this.#config)) return;
    tellers.set(this.#config, this);
    this.#client = intakeClient(this.#config, 'metadata', this.#context, host);
    if (this.#hostname !== undefined) this.#tell();
  }

  /** Shows a batch, from whose first resource the name of the host may be taken. */
  see(batch: Batch): void {
    if (this.#client === undefined || this.#hostname !== undefined) return;
    let first: string | undefined;
    const visitor = {
      onResource: ({ attributes }: Parameters<NonNullable<Parameters<typeof walk>[0][number]['onResource']>>[0]) => {
        const source = sourceOf(attributesOf(attributes));
        first ??= source !== undefined && 'host' in source ? source.host : fallbackHostname(this.#config);
        return 'skip' as const;
      },
    };
    walk([visitor], () => {}).run(batch);
    this.#hostname = first ?? fallbackHostname(this.#config);
    this.#tell();
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#stop.abort();
    await this.#telling;
    if (tellers.get(this.#config) === this) tellers.delete(this.#config);
    await this.#client?.close();
  }

  #tell(): void {
    this.#telling = this.#send();
    this.#timer = this.#context.clock.setTimeout(() => this.#tell(), durationMs(this.#config.host_metadata.reporter_period));
  }

  async #send(): Promise<void> {
    const { program, clock, logger } = this.#context;
    const hostname = this.#hostname!;
    const { tags } = this.#config.host_metadata;
    const bytes = Buffer.from(
      JSON.stringify({
        meta: { hostname, 'socket-hostname': systemHostname(), 'socket-fqdn': systemHostname() },
        internalHostname: hostname,
        otel_version: program.version,
        'agent-flavor': program.name,
        'host-tags': tags.length === 0 ? {} : { otel: tags },
      }),
    );
    const payload: Payload = { bytes, items: 0, halves: () => [] };
    const url = intakeUrl(this.#config, 'metadata').href;
    try {
      await new Delivery([{ payload, client: this.#client!, url }], clock).send(
        AbortSignal.any([this.#stop.signal, AbortSignal.timeout(attemptMs)]),
      );
    } catch (error) {
      // It is told again later.
      if (!this.#stop.signal.aborted) logger.warn('Failed to send host metadata.', { error: (error as Error).message });
    }
  }
}
