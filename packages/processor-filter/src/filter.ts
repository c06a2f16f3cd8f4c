import type { Context, Visitor } from '@millrace/api';
import { FailureLog } from '@millrace/ottl';
import type { FailureWords } from '@millrace/ottl';
import { conditionGroups } from './condition-groups.ts';
import type { FilteredSignal } from './condition-groups.ts';
import { conditionVisitor } from './condition-visitor.ts';
import { Conditions } from './conditions.ts';
import type { FilterConfig } from './config.ts';
import { matchVisitor } from './match-visitor.ts';

/** What the own metrics call the items of a signal. */
const itemsOf: Readonly<Record<FilteredSignal, readonly [string, string]>> = {
  traces: ['spans', 'spans'],
  metrics: ['datapoints', 'metric data points'],
  logs: ['logs', 'logs'],
};

const failureWords: FailureWords = {
  message: 'failed to eval condition',
  field: 'condition',
  metric: 'processor_filter_condition_failures',
};

/** Makes the visitor that drops items, and counts them. Throws an Error when the configuration is wrong. */
export function filterVisitor(config: FilterConfig, context: Context): Visitor {
  const signal = context.signal as FilteredSignal;
  const count = countDropped(signal, context);
  const groups = conditionGroups(config, signal);
  if (groups === undefined) return { ...matchVisitor(config, signal), onBatchEnd: count };
  const { clock } = context;
  const failures = new FailureLog(context, failureWords);
  const conditions = new Conditions(signal, groups, {
    now: () => BigInt(Math.round(clock.now() * 1e6)),
    reportFor: (name) => failures.reportFor(name),
  });
  const refuses = groups.some(({ errorMode }) => errorMode === 'propagate');
  return {
    ...conditionVisitor(conditions),
    onBatchEnd: count,
    traits: { ...(refuses && { refuses: true }), ...(conditions.readsAhead && { readsAhead: true }) },
  };
}

function countDropped(signal: FilteredSignal, { meter, id }: Context): (reached: number, dropped: number) => void {
  const [name, described] = itemsOf[signal];
  let total = 0;
  meter
    .createObservableCounter(`processor_filter_${name}.filtered`, {
      description: `Number of ${described} dropped by the filter processor`,
      unit: '1',
    })
    .addCallback((result) => result.observe(total, { filter: id }));
  return (_, dropped) => void (total += dropped);
}
