import type { ConnectorFactory, Signal } from '@millrace/api';
import { configSchema } from './config.ts';
import type { RouteConfig, RoutingConfig } from './config.ts';
import { compileRoute } from './route.ts';
import { Routing } from './routing.ts';

/** The signals in which there is something for a context to look at. */
const signalOf: Readonly<Record<string, Signal>> = { span: 'traces', metric: 'metrics', datapoint: 'metrics', log: 'logs' };

/** Connector `routing`: hands each item to the pipelines of the first route that takes it. */
export const factory: ConnectorFactory<RoutingConfig> = {
  kind: 'connector',
  type: 'routing',
  configSchema,
  signals: { traces: { traces: 'alpha' }, metrics: { metrics: 'alpha' }, logs: { logs: 'alpha' } },
  validateConfig({ table }) {
    if (table.length === 0) return ['invalid routing table: the routing table is empty'];
    return table.flatMap((route, index) => problemsOf(route).map((problem) => `table::${index}: ${problem}`));
  },
  create(config, next, context) {
    const signal = context.signal!;
    for (const { context: about } of config.table) {
      if (signalOf[about] !== undefined && signalOf[about] !== signal) throw new Error(`context "${about}" is not there in ${signal}`);
    }
    return new Routing(config, signal as Exclude<Signal, 'profiles'>, next, context);
  },
};

function problemsOf(route: RouteConfig): string[] {
  const { context, condition, statement, pipelines } = route;
  if (pipelines.length === 0) return ['invalid route: no pipelines defined'];
  if (condition === '' && statement === '') {
    return [context === 'request' ? '"request" context requires a \'condition\'' : 'invalid route: no statement or condition provided'];
  }
  if (condition !== '' && statement !== '') return ['invalid route: both condition and statement provided'];
  if (context === 'request' && statement !== '') return ['"request" context does not support \'statement\''];
  try {
    compileRoute(route, 0n);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
