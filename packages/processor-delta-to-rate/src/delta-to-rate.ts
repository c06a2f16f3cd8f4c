import { keySet, lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, PipelineError, Stage, Verdict, Visitor } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { MetricEdit } from '@millrace/wire';
import type { DeltaToRateConfig } from './config.ts';
import { rateOf } from './rate-of.ts';

const delta = 1;
/** A metric that is no delta sum is logged at most this often. */
const quietMs = 60_000;

/** Replaces the configured metrics of every batch by gauges with as many points. */
export class DeltaToRate implements Stage {
  readonly #next: Consumer;
  readonly #walk: ReturnType<typeof walk>;

  constructor({ metrics }: DeltaToRateConfig, next: Consumer, { logger, clock }: Context) {
    this.#next = next;
    const names = keySet(metrics);
    let quietUntil = -Infinity;
    const visitor: Visitor = {
      // A metric of another type stands behind the one that is left out.
      traits: { editsUpward: true },
      onMetric(metric: MetricEdit): Verdict {
        if (!metric.nameIn(names)) return 'skip';
        if (metric.type !== 'sum' || metric.temporality !== delta) {
          const now = clock.now();
          if (now >= quietUntil) {
            logger.info(`Configured metric for rate calculation ${metric.name} is not a delta sum`);
            quietUntil = now + quietMs;
          }
          return 'skip';
        }
        if (metric.unit !== '') metric.setUnit(`${metric.unit}/s`);
        metric.append(rateOf(metric.message()));
        return 'drop';
      },
    };
    this.#walk = walk([visitor], (_, error) => logger.error('Converting a metric failed; it is kept as it was.', { error: String(error) }));
  }

  consume(batch: Batch): Consumed {
    const result = this.#walk.run(batch);
    if (result === undefined) return undefined;
    return result === batch ? this.#next.consume(batch) : lend(this.#next, result);
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }
}
