import type { Clock, Logger, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { DnsConfig } from './config.ts';
import type { OnBackends, Resolver, ResolverInstruments } from './resolver.ts';

/** The addresses of a host name. */
export type LookUp = (hostname: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

const defaultIntervalMs = 5000;
const defaultTimeoutMs = 1000;

/** The addresses of a host name, asked for again and again. When a look-up fails the backends stay as they are. */
export class DnsResolver implements Resolver {
  readonly #config: DnsConfig;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #instruments: ResolverInstruments;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #lookUp: LookUp;
  #backends: readonly string[] = [];
  #isAsking = false;
  #timer: Timer | undefined;
  #deadline: { cancel(): void } | undefined;
  #stopped = false;

  constructor(config: DnsConfig, instruments: ResolverInstruments, { logger, clock }: { logger: Logger; clock: Clock }, lookUp: LookUp) {
    this.#config = config;
    this.#intervalMs = durationMs(config.interval) || defaultIntervalMs;
    this.#timeoutMs = durationMs(config.timeout) || defaultTimeoutMs;
    this.#instruments = instruments;
    this.#logger = logger;
    this.#clock = clock;
    this.#lookUp = lookUp;
  }

  async start(onBackends: OnBackends): Promise<void> {
    await this.#resolve(onBackends);
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimeout(() => void this.start(onBackends), this.#intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#deadline?.cancel();
  }

  async #resolve(onBackends: OnBackends): Promise<void> {
    let backends: string[];
    try {
      backends = await this.#ask();
    } catch (error) {
      if (this.#stopped) return;
      this.#instruments.resolved(false);
      this.#logger.warn('failed to resolve', { resolver: 'dns', error: (error as Error).message });
      return;
    }
    if (this.#stopped) return;
    this.#instruments.resolved(true);
    if (backends.length === this.#backends.length && backends.every((backend, index) => backend === this.#backends[index])) return;
    this.#backends = backends;
    this.#instruments.changed(backends.length);
    await onBackends(backends);
  }

  async #ask(): Promise<string[]> {
    const { hostname, port } = this.#config;
    // The system gives up on its own; until then it is not asked again, so that questions do not pile up.
    if (this.#isAsking) throw new Error(`lookup ${hostname}: the last look-up is still running`);
    this.#isAsking = true;
    const answer = this.#lookUp(hostname).finally(() => (this.#isAsking = false));
    const late = Promise.withResolvers<never>();
    const tooLate = (): void => late.reject(new Error(`lookup ${hostname}: i/o timeout`));
    const timer = this.#clock.setTimeout(tooLate, this.#timeoutMs);
    this.#deadline = {
      cancel: () => {
        timer.cancel();
        tooLate();
      },
    };
    try {
      const addresses = await Promise.race([answer, late.promise]);
      const suffix = port === '' ? '' : `:${port}`;
      return addresses.map(({ address, family }) => (family === 6 ? `[${address}]` : address) + suffix).sort();
    } finally {
      timer.cancel();
      this.#deadline = undefined;
    }
  }
}
