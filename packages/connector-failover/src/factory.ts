import type { ConnectorFactory, ConnectorOutputs, Consumer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { FailoverConfig } from './config.ts';
import { Failover } from './failover.ts';

/** Connector `failover`: hands batches to the pipelines of the first level that takes them. */
export const factory: ConnectorFactory<FailoverConfig> = {
  kind: 'connector',
  type: 'failover',
  configSchema,
  signals: { traces: { traces: 'alpha' }, metrics: { metrics: 'alpha' }, logs: { logs: 'alpha' } },
  validateConfig({ priority_levels: levels, retry_interval: interval }) {
    const problems: string[] = [];
    if (levels.length === 0) problems.push('No pipelines are defined in the priority list');
    if (durationMs(interval) <= 0) problems.push('Retry interval must be positive');
    return problems;
  },
  create: ({ priority_levels: levels, retry_interval: interval }, next, context) =>
    new Failover(
      levels.map((ids) => ids.map((id) => pipelineOf(next, id))),
      durationMs(interval),
      context,
    ),
};

function pipelineOf({ byPipeline }: ConnectorOutputs, id: string): Consumer {
  const found = byPipeline.get(id);
  if (found === undefined)
    throw new Error(`pipeline not found: "${id}" (pipelines behind the connector: ${[...byPipeline.keys()].join(', ')})`);
  return found;
}
