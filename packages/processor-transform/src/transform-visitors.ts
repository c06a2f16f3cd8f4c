import { TransformContext } from '@millrace/ottl';
import type { ContextName } from '@millrace/ottl';
import type { Visitor } from '@millrace/wire';
import { rewritingVisitor } from './metrics/rewriting-visitor.ts';
import type { CompiledGroup } from './statement-groups.ts';

/** Groups of a level run after those of a lower one when they share a visitor. */
const levels: Readonly<Record<ContextName, number>> = { resource: 0, scope: 1, metric: 2, datapoint: 3, log: 3, span: 3, spanevent: 3 };

type Run = (shown: TransformContext) => void;

function runOf({ condition, statements }: CompiledGroup): Run {
  if (condition === undefined) return (shown) => statements.run(shown);
  return (shown) => {
    if (condition(shown)) statements.run(shown);
  };
}

/** Whether the statements change what is above their items, or make metrics. */
export function editsUpward({ context, statements: { edits }, rewriter }: CompiledGroup): boolean {
  return rewriter.isUsed || [...edits].some((edited) => edited !== context && !(context === 'spanevent' && edited === 'span'));
}

/**
 * Visitors whose result, one after the other, is that of the groups, one after the other. Neighbours share a visitor where each item meets
 * them in their order anyway.
 */
export function visitorsOf(groups: readonly CompiledGroup[]): readonly Visitor[] {
  const runs: CompiledGroup[][] = [];
  for (const group of groups) {
    const last = runs.at(-1);
    const fits = last !== undefined && levels[last.at(-1)!.context] <= levels[group.context] && ![...last, group].some(editsUpward);
    if (fits) last.push(group);
    else runs.push([group]);
  }
  return runs.map(visitorOf);
}

function visitorOf(groups: readonly CompiledGroup[]): Visitor {
  if (groups[0]!.rewriter.isUsed) return rewritingVisitor(groups[0]!, runOf(groups[0]!));
  const shown = new TransformContext();
  const of = (name: ContextName): readonly Run[] => groups.filter(({ context }) => context === name).map(runOf);
  const resource = of('resource');
  const scope = of('scope');
  const metric = of('metric');
  const point = of('datapoint');
  const log = of('log');
  const refuses = groups.some(({ errorMode }) => errorMode === 'propagate');
  return {
    traits: {
      ...(refuses && { refuses }),
      ...(groups.some(editsUpward) && { editsUpward: true }),
      ...(groups.some(({ readsAhead }) => readsAhead) && { readsAhead: true }),
    },
    ...(resource.length > 0 && {
      onResource(view) {
        for (const run of resource) run(shown.onResource(view));
      },
    }),
    ...(scope.length > 0 && {
      onScope(view) {
        for (const run of scope) run(shown.onScope(view));
      },
    }),
    ...(metric.length > 0 && {
      onMetric(view) {
        for (const run of metric) run(shown.onMetric(view));
      },
    }),
    ...(point.length > 0 && {
      onDataPoint(view) {
        for (const run of point) run(shown.onDataPoint(view));
      },
    }),
    ...(log.length > 0 && {
      onLog(view) {
        for (const run of log) run(shown.onLog(view));
      },
    }),
    ...spanHook(groups, shown),
  };
}

function spanHook(groups: readonly CompiledGroup[], shown: TransformContext): Visitor {
  const runs = groups
    .filter(({ context }) => levels[context] === 3 && (context === 'span' || context === 'spanevent'))
    .map((group) => ({ run: runOf(group), isEvent: group.context === 'spanevent' }));
  if (runs.length === 0) return {};
  return {
    onSpan(view) {
      for (const { run, isEvent } of runs) {
        if (!isEvent) run(shown.onSpan(view));
        else {
          const { events } = view;
          for (let i = 0; i < events.size; i++) run(shown.onSpanEvent(view, events.at(i), i));
        }
      }
    },
  };
}
