import type { Context, Plain, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { ResourceDetectionConfig } from './config.ts';
import { absentDetectors, detectors } from './detectors.ts';
import type { DetectorName } from './detectors.ts';
import type { Detected, DetectorContext } from './detector.ts';
import { nothing } from './detector.ts';

const firstPauseMs = 1000;

/** What all detectors together found, and what failed. */
interface Outcome {
  readonly detected: Detected;
  readonly failures: readonly Error[];
}

/** The union of what detectors found: for each attribute, and for the schema URL, the earlier one wins. */
function union(all: readonly Detected[]): Detected {
  const attributes: Record<string, Plain> = {};
  for (const detected of all) {
    for (const [name, value] of Object.entries(detected.attributes)) if (!Object.hasOwn(attributes, name)) attributes[name] = value;
  }
  return { attributes, schemaUrl: all.find(({ schemaUrl }) => schemaUrl !== '')?.schemaUrl ?? '' };
}

/** One configuration's knowledge of what it runs on, shared by all pipelines. It is there while somebody uses it. */
export class Detection {
  readonly #config: ResourceDetectionConfig;
  readonly #users = new Map<object, (detected: Detected) => void>();
  #detected: Detected = nothing;
  #started: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stop = new AbortController();

  constructor(config: ResourceDetectionConfig) {
    this.#config = config;
  }

  /** Calls `update` now and at every change with what is known. Rejects when a detector failed until the timeout. */
  async use(user: object, context: Context, update: (detected: Detected) => void): Promise<void> {
    this.#users.set(user, update);
    this.#started ??= this.#start(context);
    await this.#started;
    update(this.#detected);
  }

  /** The last one that leaves ends detection. */
  leave(user: object): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#timer?.cancel();
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#started = undefined;
    this.#detected = nothing;
  }

  async #start(context: Context): Promise<void> {
    const absent = this.#config.detectors.map((name) => name.trim()).filter((name) => Object.hasOwn(absentDetectors, name));
    if (absent.length > 0) context.logger.warn('These detectors find nothing here', { detectors: absent });
    const { signal } = this.#stop;
    const { detected, failures } = await this.#detect(context, signal);
    if (signal.aborted) return;
    if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join('\n'));
    this.#detected = detected;
    this.#scheduleRefresh(context, signal);
  }

  #scheduleRefresh(context: Context, signal: AbortSignal): void {
    const intervalMs = durationMs(this.#config.refresh_interval);
    if (intervalMs <= 0 || signal.aborted) return;
    this.#timer = context.clock.setTimeout(() => void this.#refresh(context, signal), intervalMs);
  }

  async #refresh(context: Context, signal: AbortSignal): Promise<void> {
    const { detected, failures } = await this.#detect(context, signal);
    if (signal.aborted) return;
    if (failures.length > 0) {
      const error = failures.map(({ message }) => message).join('\n');
      context.logger.warn('resource refresh failed; keeping previous snapshot', { error });
    } else {
      this.#detected = detected;
      for (const update of this.#users.values()) update(detected);
    }
    this.#scheduleRefresh(context, signal);
  }

  async #detect(context: Context, stopped: AbortSignal): Promise<Outcome> {
    context.logger.info('began detecting resource information');
    const timeUp = new AbortController();
    const timeoutMs = durationMs(this.#config.timeout);
    const timer = context.clock.setTimeout(() => timeUp.abort(), timeoutMs);
    const signal = AbortSignal.any([stopped, timeUp.signal]);
    const asked = { logger: context.logger, env: process.env, timeoutMs, signal };
    const names = this.#config.detectors.map((name) => name.trim()).filter((name) => Object.hasOwn(detectors, name));
    const results = await Promise.allSettled(names.map((name) => this.#ask(name as DetectorName, asked, context)));
    timer.cancel();
    const detected = union(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
    context.logger.info('detected resource information', { resource: printable(detected.attributes) });
    return { detected, failures: results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : [])) };
  }

  /** Asks a detector until it answers; rejects with its last error when the time is over. */
  async #ask(name: DetectorName, asked: DetectorContext, context: Context): Promise<Detected> {
    const config = (name === 'env' ? {} : this.#config[name]) as never;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    asked.signal.addEventListener('abort', end, { once: true });
    try {
      for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
        let failure: unknown;
        try {
          const late = aborted.then(() => Promise.reject(new Error(`detector ${name}: context deadline exceeded`)));
          return await Promise.race([(async () => detectors[name].detect(config, asked))(), late]);
        } catch (error) {
          failure = error;
        }
        context.logger.warn('failed to detect resource', { error: (failure as Error).message });
        if (asked.signal.aborted) throw failure;
        const paused = Promise.withResolvers<void>();
        const timer = context.clock.setTimeout(() => paused.resolve(), pauseMs);
        await Promise.race([paused.promise, aborted]);
        timer.cancel();
        if (asked.signal.aborted) throw failure;
      }
    } finally {
      asked.signal.removeEventListener('abort', end);
    }
  }
}

function printable(attributes: Detected['attributes']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]));
}
