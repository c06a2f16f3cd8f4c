import { lend } from '@millrace/api';
import type { Consumed, Consumer, Context, Stage } from '@millrace/api';
import { createBatch } from '@millrace/wire';
import type { Batch } from '@millrace/wire';
import { BatchRedactor } from './batch-redactor.ts';
import type { RedactionConfig } from './config.ts';
import { planOf } from './message-plan.ts';
import { Rules } from './rules.ts';
import { createSanitizers } from './create-sanitizers.ts';

/** Redacts what passes: batches in which nothing is found go on as they are. */
export class RedactionProcessor implements Stage {
  readonly #next: Consumer;
  readonly #redactor: BatchRedactor;

  constructor(config: RedactionConfig, next: Consumer, context: Context) {
    const signal = context.signal === 'metrics' || context.signal === 'logs' ? context.signal : 'traces';
    this.#next = next;
    const rules = new Rules(config);
    this.#redactor = new BatchRedactor(rules, planOf(signal, new Set(config.fields[signal])), createSanitizers(config, signal));
    const attributes = { processor: context.id, 'otel.signal': signal };
    context.meter
      .createObservableCounter('processor_redaction_findings', {
        description: 'Number of values that a detector or rule found, and what was done with them',
        unit: '{values}',
      })
      .addCallback((result) => {
        for (const { name, action, found } of rules.all) if (found > 0) result.observe(found, { ...attributes, rule: name, action });
      });
  }

  consume(batch: Batch): Consumed {
    const output = this.#redactor.run(batch);
    if (output === undefined) return this.#next.consume(batch);
    return lend(this.#next, createBatch(batch.signal, output.lease, 0, output.sizeBytes, batch.items, batch.client));
  }
}
