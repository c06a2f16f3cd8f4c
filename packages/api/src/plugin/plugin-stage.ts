import { durationMs } from '@millrace/config';
import { walk } from '@millrace/wire';
import type { Batch, DataPointView, LogView, SpanView, Walk } from '@millrace/wire';
import type { Context, Timer } from '../component.ts';
import { lend } from '../consumer.ts';
import type { Consumed, Consumer } from '../consumer.ts';
import type { Stage } from '../factory.ts';
import { PipelineError } from '../pipeline-error.ts';
import { LookupCache } from './lookup-cache.ts';
import { messageOf } from './plugin-run.ts';
import type { PluginRun, PluginSettings } from './plugin-run.ts';

/** JSON Schema of what every plugin with a `lookup` has beside its own settings. */
export const lookupSettings = {
  lookup_timeout: {
    type: 'string',
    format: 'duration',
    default: '2s',
    description: 'How long one lookup may take before it counts as failed. Its batch waits for it, others do not.',
  },
  lookup_cache_size: { type: 'integer', minimum: 0, default: 10_000, description: 'How many results are remembered; the oldest go first.' },
  lookup_cache_ttl: {
    type: 'string',
    format: 'duration',
    default: '5m',
    description: 'How long a result is used, also that there is none.',
  },
};

/** After a failed lookup nobody is asked for so long, and twice as long after each further one. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;

interface LookupSettings extends PluginSettings {
  readonly lookup_timeout?: string;
  readonly lookup_cache_size?: number;
  readonly lookup_cache_ttl?: string;
}

/** What one batch needs. */
interface Wanted<V> {
  readonly found: Map<string, V>;
  readonly missing: Set<string>;
}

/**
 * A processor plugin as a stage of its own. With a lookup, a first pass gathers the keys of a batch, and a second one runs the hooks once the
 * values are there. A batch whose keys are cached does not wait. A key is asked for once, however many batches want it meanwhile.
 */
export class PluginStage<T, V> implements Stage {
  readonly #run: PluginRun<T, V>;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #onError: PluginSettings['on_error'];
  readonly #timeoutMs: number;
  readonly #cache: LookupCache<V>;
  /** Keys that are being asked for. Settles with what was found, `undefined` when it failed. */
  readonly #asked = new Map<string, Promise<ReadonlyMap<string, V> | undefined>>();
  readonly #gather: Walk;
  readonly #apply: Walk;
  readonly #stop = new AbortController();
  #wanted: Wanted<V> = { found: new Map(), missing: new Set() };
  #pauseMs = firstPauseMs;
  #pausedUntil = 0;

  constructor(run: PluginRun<T, V>, config: LookupSettings, next: Consumer, context: Context) {
    this.#run = run;
    this.#next = next;
    this.#context = context;
    this.#onError = config.on_error;
    this.#timeoutMs = durationMs(config.lookup_timeout ?? '2s');
    this.#cache = new LookupCache(config.lookup_cache_size ?? 10_000, durationMs(config.lookup_cache_ttl ?? '5m'), context.clock);
    const { onSpan, onLog, onDataPoint } = run.visitor;
    const gather = (item: SpanView | LogView | DataPointView): void => this.#gatherKey(item);
    const asks = {
      ...(onSpan !== undefined && { onSpan: gather }),
      ...(onLog !== undefined && { onLog: gather }),
      ...(onDataPoint !== undefined && { onDataPoint: gather }),
    };
    this.#gather = walk([asks], (_, error) => {
      run.errors++;
      context.logger.error('Telling what to look up failed; the item goes on without.', { error: messageOf(error) });
    });
    this.#apply = walk([run.visitor], (_, error) =>
      context.logger.error('Processing an item failed; it is kept as it was.', { error: messageOf(error) }),
    );
  }

  start(): Promise<void> {
    return this.#run.start();
  }

  consume(batch: Batch): Consumed {
    const wanted: Wanted<V> = { found: new Map(), missing: new Set() };
    if (this.#run.plugin.lookup === undefined) return this.#pass(batch, wanted);
    this.#wanted = wanted;
    this.#gather.run(batch);
    if (wanted.missing.size === 0) return this.#pass(batch, wanted);
    const pending = this.#fetch(wanted);
    if (pending.length === 0) return this.#pass(batch, wanted);
    const held = batch.hold();
    return Promise.all(pending)
      .then((answers) => {
        for (const answer of answers) if (answer !== undefined) take(answer, wanted);
        return this.#pass(held, wanted);
      })
      .finally(() => held.release());
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }

  shutdown(): Promise<void> {
    this.#stop.abort(new DOMException('the pipeline is stopping', 'AbortError'));
    return this.#run.shutdown();
  }

  #gatherKey(item: SpanView | LogView | DataPointView): void {
    const { found, missing } = this.#wanted;
    const key = this.#run.plugin.wants?.(item, this.#run.state);
    if (key === undefined || found.has(key) || missing.has(key)) return;
    const cached = this.#cache.get(key);
    if (cached === undefined) missing.add(key);
    else if (cached.value !== undefined) found.set(key, cached.value);
  }

  /** Asks for what is missing and nobody is asked for yet. Returns what is to be waited for. */
  #fetch(wanted: Wanted<V>): Promise<ReadonlyMap<string, V> | undefined>[] {
    const pending = new Set<Promise<ReadonlyMap<string, V> | undefined>>();
    const keys: string[] = [];
    for (const key of wanted.missing) {
      const asked = this.#asked.get(key);
      if (asked === undefined) keys.push(key);
      else pending.add(asked);
    }
    if (keys.length > 0 && this.#context.clock.now() >= this.#pausedUntil) {
      const answer = this.#ask(keys);
      if (answer instanceof Promise) pending.add(answer);
      else if (answer !== undefined) take(answer, wanted);
    }
    return [...pending];
  }

  #ask(keys: readonly string[]): ReadonlyMap<string, V> | undefined | Promise<ReadonlyMap<string, V> | undefined> {
    const abort = new AbortController();
    try {
      const answer = this.#run.plugin.lookup!(keys, this.#run.state, AbortSignal.any([abort.signal, this.#stop.signal]));
      if (typeof (answer as { then?: unknown } | undefined)?.then !== 'function')
        return this.#remember(keys, answer as ReadonlyMap<string, V>);
      const settled = this.#settle(keys, answer as Promise<ReadonlyMap<string, V>>, abort);
      for (const key of keys) this.#asked.set(key, settled);
      return settled;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Waits for an answer, not beyond the timeout and the shutdown even if the lookup ignores its signal. */
  async #settle(
    keys: readonly string[],
    answer: Promise<ReadonlyMap<string, V>>,
    abort: AbortController,
  ): Promise<ReadonlyMap<string, V> | undefined> {
    const late = Promise.withResolvers<never>();
    const timer: Timer = this.#context.clock.setTimeout(() => {
      const error = new Error(`the lookup took longer than ${this.#timeoutMs} ms`);
      late.reject(error);
      abort.abort(error);
    }, this.#timeoutMs);
    const stopped = (): void => late.reject(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', stopped);
    try {
      return this.#remember(keys, await Promise.race([answer, late.promise]));
    } catch (error) {
      this.#fail(error);
      return undefined;
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener('abort', stopped);
      for (const key of keys) this.#asked.delete(key);
    }
  }

  #remember(keys: readonly string[], answer: ReadonlyMap<string, V>): ReadonlyMap<string, V | undefined> & ReadonlyMap<string, V> {
    if (typeof answer?.get !== 'function') throw new TypeError('lookup must return a Map');
    const results = new Map<string, V>();
    for (const key of keys) {
      const value = answer.get(key);
      this.#cache.set(key, value);
      results.set(key, value as V);
    }
    this.#pauseMs = firstPauseMs;
    return results;
  }

  #fail(error: unknown): void {
    this.#run.errors++;
    this.#pausedUntil = this.#context.clock.now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
    this.#context.logger.error('A lookup failed.', { error: messageOf(error) });
  }

  /** Runs the hooks and passes on what is left. What the lookup did not answer is missing for good now. */
  #pass(batch: Batch, { found, missing }: Wanted<V>): Consumed {
    if (missing.size > 0 && this.#onError === 'reject')
      throw new PipelineError(`processor "${this.#context.id}": a lookup failed`, { kind: 'retryable' });
    const { counters } = this.#apply;
    const droppedBefore = counters[1];
    const failedBefore = this.#run.failedItems;
    this.#run.found = found;
    this.#run.failedKeys = missing.size > 0 && this.#onError === 'drop' ? missing : undefined;
    let result: Batch | undefined;
    try {
      result = this.#apply.run(batch);
    } finally {
      this.#run.found = new Map();
      this.#run.failedKeys = undefined;
    }
    const failed = this.#run.failedItems - failedBefore;
    const filtered = counters[1] - droppedBefore - failed;
    const book = (): void => {
      if (filtered > 0) this.#context.items.drop(filtered, 'filtered');
      if (failed > 0) this.#context.items.drop(failed, 'error');
    };
    const consumed = result === undefined ? undefined : result === batch ? this.#next.consume(batch) : lend(this.#next, result);
    if (consumed !== undefined) return consumed.then(book);
    book();
    return undefined;
  }
}

/** Moves answers to where the hooks look for them. A key without a value is answered too. */
function take<V>(answers: ReadonlyMap<string, V | undefined>, { found, missing }: Wanted<V>): void {
  for (const key of missing) {
    if (!answers.has(key)) continue;
    missing.delete(key);
    const value = answers.get(key);
    if (value !== undefined) found.set(key, value);
  }
}
