import type { Consumer, Context, Stage, Visitor } from '@millrace/api';
import { FailureLog } from '@millrace/ottl';
import type { TransformConfig } from './config.ts';
import { compileGroup, groupsOf } from './statement-groups.ts';
import type { CompiledGroup, GroupHost, TransformedSignal } from './statement-groups.ts';
import { TransformStage } from './transform-stage.ts';
import { editsUpward, visitorsOf } from './transform-visitors.ts';

const signals: readonly TransformedSignal[] = ['traces', 'metrics', 'logs'];
const noHost: GroupHost = { now: () => 0n, onFailure: () => () => {} };

function compile(config: TransformConfig, signal: TransformedSignal, host: GroupHost): readonly CompiledGroup[] {
  return groupsOf(config, signal).map((group) => compileGroup(group, signal, config.error_mode, host));
}

function hostOf(context: Context): GroupHost {
  const { clock } = context;
  const failures = new FailureLog(context, {
    message: 'failed to execute statement',
    field: 'statement',
    metric: 'processor_transform_statement_failures',
  });
  return { now: () => BigInt(Math.round(clock.now() * 1e6)), onFailure: (name) => failures.reportFor(name) };
}

/** What is wrong with a configuration, in the Collector's words. */
export function validateConfig(config: TransformConfig): string[] {
  const problems: string[] = [];
  for (const signal of signals) {
    try {
      for (const group of groupsOf(config, signal)) {
        try {
          compileGroup(group, signal, config.error_mode, noHost);
        } catch (error) {
          problems.push((error as Error).message);
        }
      }
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return problems;
}

/** Whether the statements of some signal take more than one visitor, or one that stands alone. */
export function needsStage(config: TransformConfig): boolean {
  return signals.some((signal) => {
    const groups = compile(config, signal, noHost);
    return visitorsOf(groups).length > 1 || groups.some(editsUpward);
  });
}

/** The only visitor. */
export function transformVisitor(config: TransformConfig, context: Context): Visitor {
  const [visitor = {}] = visitorsOf(compile(config, context.signal as TransformedSignal, hostOf(context)));
  return visitor;
}

/** All visitors, one after the other. */
export function transformStage(config: TransformConfig, next: Consumer, context: Context): Stage {
  return new TransformStage(visitorsOf(compile(config, context.signal as TransformedSignal, hostOf(context))), next, context);
}
