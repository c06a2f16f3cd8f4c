import type { CheckedConfig, Warning } from '@millrace/config';

interface WithQueue {
  readonly sending_queue?: { readonly enabled?: boolean; readonly storage?: string; readonly dead_letter?: string };
}

/**
 * What an operator should know about stored queues: a `batch` processor before one acknowledges data that no storage has yet, and an
 * extension that is not started stores nothing.
 */
export function queueAdvice(config: CheckedConfig): Warning[] {
  const warnings: Warning[] = [];
  for (const { id, config: settings, position } of config.exporters.values()) {
    const queue = (settings as WithQueue | undefined)?.sending_queue;
    if (queue === undefined || queue.enabled === false) continue;
    for (const name of ['storage', 'dead_letter'] as const) {
      const storage = queue[name];
      if (storage === undefined || config.service.extensions.includes(storage)) continue;
      warnings.push({
        level: 'warn',
        ...position,
        path: `exporters::${id}::sending_queue::${name}`,
        message: `the storage extension "${storage}" is not in service::extensions: the exporter will not start`,
      });
    }
    if (queue.storage === undefined) continue;
    for (const pipeline of config.service.pipelines.values()) {
      const batch = pipeline.exporters.includes(id)
        ? pipeline.processors.find((processor) => config.processors.get(processor)?.type === 'batch')
        : undefined;
      if (batch === undefined) continue;
      warnings.push({
        level: 'warn',
        ...pipeline.position,
        path: `service::pipelines::${pipeline.id}::processors`,
        message: `processor "${batch}" acknowledges data before the stored queue of exporter "${id}" has it: what it holds is lost when the process dies`,
        expected: `no batch processor here, and sending_queue::batch in exporter "${id}" instead`,
      });
    }
  }
  return warnings;
}
