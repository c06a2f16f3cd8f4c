import { key, lend } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, DataPointView, Key, LogView, PipelineError, SpanView, Stage } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import type { GroupByAttrsConfig } from './config.ts';
import { createGroupMetrics } from './group-metrics.ts';
import type { GroupMetrics } from './group-metrics.ts';
import { Grouping } from './grouping.ts';

/** Regroups each batch: attributes move from items to resources, of which equal ones become one. */
export class GroupByAttrs implements Stage {
  readonly #keys: readonly Key[];
  readonly #next: Consumer;
  readonly #metrics: GroupMetrics;
  readonly #walk: Walk;
  #grouping!: Grouping;

  constructor({ keys }: GroupByAttrsConfig, next: Consumer, context: Context) {
    this.#keys = [...new Set(keys)].map((name) => key(name));
    this.#next = next;
    this.#metrics = createGroupMetrics(context);
    const add = (item: SpanView | LogView | DataPointView): 'drop' => {
      if (this.#grouping.add(item)) this.#metrics.grouped++;
      else this.#metrics.nonGrouped++;
      return 'drop';
    };
    this.#walk = walk(
      [
        {
          traits: { refuses: true },
          onResource: () => this.#grouping.enterResource(),
          onSpan: add,
          onLog: add,
          onDataPoint: add,
        },
      ],
      () => {},
    );
  }

  consume(batch: Batch): Consumed {
    const { signal, client } = batch;
    if (signal === 'profiles') return this.#next.consume(batch);
    using grouping = new Grouping(signal, this.#keys, batch.pool);
    this.#grouping = grouping;
    this.#walk.run(batch)?.release();
    this.#metrics.left(grouping.size);
    const grouped = grouping.finish(client);
    return grouped === undefined ? undefined : lend(this.#next, grouped);
  }

  refusing(): PipelineError | undefined {
    return this.#next.refusing?.();
  }
}
