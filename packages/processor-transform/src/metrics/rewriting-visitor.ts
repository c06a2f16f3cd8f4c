import { TransformContext } from '@millrace/ottl';
import { admitBytes, BufferPool, MemoryLedger, noClient, walk } from '@millrace/wire';
import type { MetricEdit, MetricView, ResourceView, ScopeView, Visitor } from '@millrace/wire';
import type { CompiledGroup } from '../statement-groups.ts';
import { metricOf, requestOf } from '@millrace/timeseries';

type Run = (shown: TransformContext) => void;

/** Only for what is walked here and released at once. */
const pool = new BufferPool(new MemoryLedger(1 << 26));

/** The visitor of a group whose statements convert or make metrics; it stands alone. */
export function rewritingVisitor(
  { context, errorMode, readsAhead, rewriter }: Pick<CompiledGroup, 'context' | 'errorMode' | 'readsAhead' | 'rewriter'>,
  run: Run,
): Visitor {
  const shown = new TransformContext();
  const traits = {
    editsUpward: true as const,
    ...(errorMode === 'propagate' && { refuses: true as const }),
    ...(readsAhead && { readsAhead }),
  };
  if (context === 'metric') return { traits, onMetric: (view) => (rewriter.run(shown, view, run) ? 'drop' : undefined) };
  return {
    traits,
    onDataPoint: (view) => run(shown.onDataPoint(view)),
    onMetricEnd(metric: MetricView) {
      const { resource, scope } = metric;
      for (const made of rewriter.taken()) (metric as MetricEdit).append(visited(made, run, resource, scope));
    },
  };
}

/** A metric that was made by a statement of data points, after the statements ran on its own points. */
function visited(metric: Uint8Array, run: Run, resource: ResourceView, scope: ScopeView): Uint8Array {
  const shown = new TransformContext();
  const inner: Visitor = {
    traits: { editsUpward: true, refuses: true },
    onDataPoint(view) {
      shown.onDataPoint(view);
      shown.resource = resource;
      shown.scope = scope;
      run(shown);
    },
  };
  using batch = admitBytes('metrics', requestOf(metric), noClient, pool);
  const result = walk([inner], () => {}).run(batch);
  if (result === undefined || result === batch) return metric;
  const changed = metricOf(result.bytes);
  result.release();
  return changed;
}
