import type { Context } from '@millrace/api';
import type { Call, Dialect, PriceList } from '@millrace/genai';
import type { ContentRules } from './content.ts';

/** What the processor tells about itself. Counting costs an addition; the rest happens when somebody reads. */
export class OwnMetrics {
  readonly #read = new Map<Dialect, number>();
  #missing = 0;
  #estimated = 0;

  /** `prices` is asked when somebody reads, since it is there only after the start. */
  constructor(context: Context, prices: () => PriceList | undefined, content: ContentRules) {
    const attributes = { processor: context.id, 'otel.signal': context.signal ?? 'traces' };
    const { meter } = context;
    meter
      .createObservableCounter('processor_genai_operations', {
        unit: '{operations}',
        description: 'Number of spans and log records that were read as operations of generative AI, by the dialect of their attributes.',
      })
      .addCallback((result) => {
        for (const [dialect, operations] of this.#read) result.observe(operations, { ...attributes, dialect });
      });
    meter
      .createObservableCounter('processor_genai_usage_missing', {
        unit: '{operations}',
        description:
          'Number of calls of a model that ended well and said nothing of their tokens; estimated tells whether they were estimated.',
      })
      .addCallback((result) => {
        result.observe(this.#missing - this.#estimated, { ...attributes, estimated: false });
        result.observe(this.#estimated, { ...attributes, estimated: true });
      });
    meter
      .createObservableCounter('processor_genai_unpriced_calls', {
        unit: '{operations}',
        description: 'Number of calls that have no price, by provider/model: the names first seen, as many as fit.',
      })
      .addCallback((result) => {
        const list = prices();
        if (list === undefined) return;
        for (const [model, calls] of list.unpriced) result.observe(calls, { ...attributes, model });
        if (list.unpricedOthers > 0) result.observe(list.unpricedOthers, { ...attributes, model: 'other' });
      });
    meter
      .createObservableCounter('processor_genai_truncated_parts', {
        unit: '{parts}',
        description: 'Number of texts that were cut to content::max_part_bytes.',
      })
      .addCallback((result) => result.observe(content.cutParts, attributes));
  }

  count(call: Call): void {
    this.#read.set(call.dialect, (this.#read.get(call.dialect) ?? 0) + 1);
    if (!call.usageMissing || !call.billed) return;
    this.#missing++;
    if (call.usage.estimated) this.#estimated++;
  }
}
