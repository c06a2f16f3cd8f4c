import type { Call } from '../call.ts';
import type { Usage } from '../usage.ts';

/** What a summary needs of a cost: amounts in units of 10^-15 of the currency. `Cost` of a price list has it. */
export interface SummaryCost {
  readonly status: string;
  readonly currency: string;
  readonly estimated: bigint;
  readonly actual: bigint | undefined;
  readonly amount: bigint;
  readonly savings: { readonly cache: bigint; readonly routing: bigint; readonly batch: bigint };
}

/** What one call adds to sums, worked out once for all of them. Reused. */
export class CallSums {
  failed = false;
  usageMissing = false;
  unpriced = false;
  /** How long it took; NaN when nobody knows, it failed, or a cache answered, which says nothing of the model. */
  seconds = Number.NaN;
  quality = Number.NaN;
  inputTokens = 0;
  outputTokens = 0;
  /** Of the input: what a vendor read from its prompt cache. */
  cachedTokens = 0;
  /** Undefined when it is not to be added up. */
  cost: SummaryCost | undefined;
  /** The amount as a double; NaN when that is not exact. */
  units = 0;

  /** Of a call of a model, or an answer of the application's cache. */
  read(call: Call, cost: SummaryCost, counted: boolean, seconds: number): void {
    const hit = call.cacheResult === 'hit';
    this.failed = call.errorType !== '';
    this.usageMissing = call.usageMissing;
    this.seconds = hit || this.failed ? Number.NaN : seconds;
    this.quality = call.qualityScore;
    this.readUsage(call.usage, cost, counted);
    if (hit) this.inputTokens = this.outputTokens = this.cachedTokens = 0;
  }

  /** Usage and cost alone. */
  readUsage(usage: Usage, cost: SummaryCost, counted: boolean): void {
    this.unpriced = cost.status === 'unpriced';
    this.inputTokens = usage.inputTokens;
    this.outputTokens = usage.outputTokens;
    this.cachedTokens =
      usage.get('cache_read') + usage.get('cache_read_audio') + usage.get('cache_read_image') + usage.get('cache_read_video');
    this.cost = counted ? cost : undefined;
    const units = Number(cost.amount);
    this.units = Number.isSafeInteger(units) ? units : Number.NaN;
  }
}
