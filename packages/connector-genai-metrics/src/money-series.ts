import type { KeptDistribution, KeptSum } from '@millrace/instruments';
import type { Labels } from './labels.ts';
import type { MetricSet } from './metric-set.ts';
import type { Spending } from './spending.ts';

/** The series of costs of one kind of calls in one currency. */
export class MoneySeries {
  readonly currency: string;
  readonly #metrics: MetricSet;
  readonly #labels: Labels;
  readonly #amount: KeptSum;
  readonly #cost: KeptDistribution;
  #actual: KeptSum | undefined;
  #estimated: KeptSum | undefined;
  #drift: KeptDistribution | undefined;
  readonly #saved = new Map<string, KeptSum>();
  readonly #extra = new Map<string, KeptSum>();

  constructor(metrics: MetricSet, labels: Labels, currency: string) {
    this.currency = currency;
    this.#metrics = metrics;
    this.#labels = new Map(labels).set('millrace.cost.currency', currency);
    this.#amount = metrics.counter('millrace.cost.amount', this.#labels);
    this.#cost = metrics.histogram('millrace.request.cost', this.#labels);
  }

  record({ amount, actual, estimated, driftPercent, cache, routing, batch }: Spending): void {
    if (amount >= 0) {
      this.#amount.add(amount);
      this.#cost.record(amount);
    }
    if (actual >= 0) (this.#actual ??= this.#metrics.counter('millrace.cost.actual', this.#labels)).add(actual);
    if (estimated >= 0) (this.#estimated ??= this.#metrics.counter('millrace.cost.estimated', this.#labels)).add(estimated);
    if (Number.isFinite(driftPercent)) (this.#drift ??= this.#metrics.histogram('millrace.cost.drift', this.#labels)).record(driftPercent);
    if (cache !== 0) this.#save('cache', cache);
    if (routing !== 0) this.#save('routing', routing);
    if (batch !== 0) this.#save('batch', batch);
  }

  #save(source: string, amount: number): void {
    const saved = amount > 0 ? this.#saved : this.#extra;
    let series = saved.get(source);
    if (series === undefined) {
      const labels = new Map(this.#labels).set('millrace.savings.source', source);
      saved.set(source, (series = this.#metrics.counter(amount > 0 ? 'millrace.savings' : 'millrace.extra_cost', labels)));
    }
    series.add(Math.abs(amount));
  }
}
