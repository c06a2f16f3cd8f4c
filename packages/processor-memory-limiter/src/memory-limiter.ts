import { totalmem } from 'node:os';
import type { Clock, Context, Host, Logger, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { collectGarbage } from './collect-garbage.ts';
import type { MemoryLimiterConfig } from './config.ts';

const mib = 1024 * 1024;
/** A collection that frees less than this share of the memory in use, and does not end the refusal, was of little use. */
const effectiveShare = 0.05;

/** How often to force a collection: the interval doubles from the shortest to the longest while collections free little. */
interface CollectionPace {
  readonly shortestMs: number;
  readonly longestMs: number;
  intervalMs: number;
}

function pace(shortest: string, longest: string): CollectionPace {
  const shortestMs = durationMs(shortest);
  return { shortestMs, longestMs: Math.max(shortestMs, durationMs(longest)), intervalMs: shortestMs };
}

/** Bytes that this process may use: its cgroup's limit, or the machine's memory. */
function totalBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * Compares the memory in use with a soft limit: with `limit_mib` the accounted telemetry plus what heap and external memory have grown by
 * since the start, with `limit_percentage` the resident memory (free buffers of the pool excepted in both). Measures every
 * `check_interval`; in between, what is accounted moves the last measurement. Shared by all pipelines that use the same configuration.
 */
export class MemoryLimiter {
  readonly #softBytes: number;
  readonly #hardBytes: number;
  readonly #resident: boolean;
  readonly #checkMs: number;
  readonly #whenSoft: CollectionPace;
  readonly #whenHard: CollectionPace;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #users = 0;
  #host: Host | undefined;
  #timer: Timer | undefined;
  #idleBytes = 0;
  /** What the last measurement found beside the accounted bytes. */
  #otherBytes = 0;
  #collectedAt = -Infinity;
  /** The refusal has been logged, its end has not. */
  #reported = false;

  constructor(config: MemoryLimiterConfig, { clock, logger }: Pick<Context, 'clock' | 'logger'>) {
    this.#resident = config.limit_mib === 0;
    const unit = this.#resident ? totalBytes() / 100 : mib;
    this.#hardBytes = unit * (this.#resident ? config.limit_percentage : config.limit_mib);
    const spike = this.#resident ? config.spike_limit_percentage : config.spike_limit_mib;
    this.#softBytes = this.#hardBytes - (spike === 0 ? this.#hardBytes / 5 : unit * spike);
    this.#checkMs = durationMs(config.check_interval);
    this.#whenSoft = pace(config.min_gc_interval_when_soft_limited, config.max_gc_interval_when_soft_limited);
    this.#whenHard = pace(config.min_gc_interval_when_hard_limited, config.max_gc_interval_when_hard_limited);
    this.#clock = clock;
    this.#logger = logger;
    if (!this.#resident) return;
    this.#logger.info('Using percentage memory limiter', {
      total_memory_mib: Math.floor(totalBytes() / mib),
      limit_percentage: config.limit_percentage,
      spike_limit_percentage: config.spike_limit_percentage,
    });
  }

  /** Starts measuring, with the first user. */
  join(host: Host): void {
    if (this.#users++ > 0) return;
    this.#host = host;
    collectGarbage('minor');
    const { heapUsed, external } = process.memoryUsage();
    this.#idleBytes = heapUsed + external;
    this.#logger.info('Memory limiter configured', {
      limit_mib: Math.floor(this.#hardBytes / mib),
      spike_limit_mib: Math.floor((this.#hardBytes - this.#softBytes) / mib),
      check_interval: this.#checkMs / 1000,
    });
    this.#measure(host);
    this.#schedule(host);
  }

  /** Stops measuring, with the last user. */
  leave(): void {
    if (--this.#users > 0) return;
    this.#timer?.cancel();
    this.#host = undefined;
  }

  /** Whether data is to be refused now. */
  get exceeded(): boolean {
    const accounted = this.#host?.memory.accounted ?? 0;
    if (this.#otherBytes + accounted <= this.#softBytes) return false;
    this.#report(this.#otherBytes + accounted);
    return true;
  }

  #schedule(host: Host): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#check(host);
      this.#schedule(host);
    }, this.#checkMs);
  }

  #check(host: Host): void {
    let used = this.#measure(host);
    if (used > this.#softBytes) {
      // What just became garbage is not in use; looking costs a millisecond.
      collectGarbage('minor');
      used = this.#measure(host);
    }
    if (used > this.#softBytes) used = this.#collect(used, host);
    if (used > this.#softBytes) {
      this.#report(used);
    } else if (this.#reported) {
      this.#reported = false;
      this.#logger.info('Memory usage back within limits. Resuming normal operation.', usage(used));
    }
  }

  /** Forces a collection when one is due, and returns what is in use after it. */
  #collect(used: number, host: Host): number {
    const hard = used > this.#hardBytes;
    const pace = hard ? this.#whenHard : this.#whenSoft;
    if (this.#clock.now() - this.#collectedAt < pace.intervalMs) return used;
    if (hard) this.#logger.warn('Memory usage is above hard limit. Forcing a GC.', usage(used));
    else this.#logger.info('Memory usage is above soft limit. Forcing a GC.', usage(used));
    host.pool.trim();
    collectGarbage('major');
    this.#collectedAt = this.#clock.now();
    const left = this.#measure(host);
    this.#logger.info('Memory usage after GC.', usage(left));
    const effective = left <= this.#softBytes || used - left >= used * effectiveShare;
    pace.intervalMs = effective ? pace.shortestMs : Math.min(pace.longestMs, Math.max(pace.intervalMs * 2, this.#checkMs));
    return left;
  }

  #measure({ memory, pool }: Host): number {
    const { heapUsed, external, rss } = process.memoryUsage();
    // The pool's shared memory is part of rss and of neither heapUsed nor external.
    const other = this.#resident ? rss - memory.accounted - pool.freeBytes : heapUsed + external - this.#idleBytes;
    this.#otherBytes = Math.max(0, other);
    return this.#otherBytes + memory.accounted;
  }

  #report(used: number): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#logger.warn('Memory usage is above soft limit. Refusing data.', usage(used));
  }
}

function usage(bytes: number): { readonly cur_mem_mib: number } {
  return { cur_mem_mib: Math.floor(bytes / mib) };
}
