import type { Context } from '@millrace/api';
import type { FailureReport } from './compile.ts';
import type { ContextName } from './context-name.ts';
import { describeItem } from './describe-item.ts';

/** A text that keeps failing is logged at most this often. */
const quietMs = 10_000;

interface Failures {
  /** Since the last line in the log. */
  count: number;
  quietUntil: number;
}

/** How failures are told. */
export interface FailureWords {
  /** Such as `failed to eval condition`. */
  readonly message: string;
  /** The field of the log in which the text stands: `condition` or `statement`. */
  readonly field: string;
  /** The own metric that counts all failures, such as `processor_filter_condition_failures`. */
  readonly metric: string;
}

/**
 * Tells of conditions and statements that failed: the first failure of each at once, with the item, which shows no secrets and no content;
 * further ones as a number, every ten seconds at most. All are counted in the metric.
 */
export class FailureLog {
  readonly #context: Context;
  readonly #words: FailureWords;
  readonly #byText = new Map<string, Failures>();
  #total = 0;

  constructor(context: Context, words: FailureWords) {
    this.#context = context;
    this.#words = words;
    context.meter
      .createObservableCounter(words.metric, {
        description: `Number of times that a ${words.field} failed on an item, which was kept`,
        unit: '1',
      })
      .addCallback((result) => result.observe(this.#total, { [context.kind]: context.id }));
  }

  /** What to call with the failures of a context. */
  reportFor(name: ContextName): FailureReport {
    return (text, error, shown) => {
      this.#total++;
      const now = this.#context.clock.now();
      let failures = this.#byText.get(text);
      if (failures === undefined) this.#byText.set(text, (failures = { count: 0, quietUntil: -Infinity }));
      failures.count++;
      if (now < failures.quietUntil) return;
      const { message, field } = this.#words;
      const item = describeItem(name, shown);
      this.#context.logger.warn(message, { error: error.message, [field]: text, failures: failures.count, item });
      failures.count = 0;
      failures.quietUntil = now + quietMs;
    };
  }
}
