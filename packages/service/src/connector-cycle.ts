import type { Signal } from '@millrace/api';
import type { CheckedConfig } from '@millrace/config';

/** One use of a connector: it takes data of one signal and emits another (or the same). */
export interface ConnectorUse {
  readonly id: string;
  readonly from: Signal;
  readonly to: Signal;
}

function describe(use: ConnectorUse): string {
  return `connector "${use.id}" (${use.from} to ${use.to})`;
}

/**
 * The first way round in a circle through connectors, in the Collector's words
 * (`connector "forward" (traces to traces) -> processor "batch" in pipeline "traces/x" -> connector ...`), or undefined.
 */
export function findCycle(config: CheckedConfig, uses: readonly ConnectorUse[]): string | undefined {
  const { pipelines } = config.service;
  const finished = new Set<ConnectorUse>();

  const visit = (use: ConnectorUse, path: readonly string[], open: readonly ConnectorUse[]): string | undefined => {
    if (open.includes(use)) {
      const start = path.indexOf(describe(use));
      return [...path.slice(start), describe(use)].join(' -> ');
    }
    if (finished.has(use)) return undefined;
    for (const [pipelineId, pipeline] of pipelines) {
      if (pipeline.signal !== use.to || !pipeline.receivers.includes(use.id)) continue;
      const processors = pipeline.processors.map((id) => `processor "${id}" in pipeline "${pipelineId}"`);
      for (const next of uses) {
        if (next.from !== pipeline.signal || !pipeline.exporters.includes(next.id)) continue;
        const cycle = visit(next, [...path, describe(use), ...processors], [...open, use]);
        if (cycle !== undefined) return cycle;
      }
    }
    finished.add(use);
    return undefined;
  };

  for (const use of uses) {
    const cycle = visit(use, [], []);
    if (cycle !== undefined) return `cycle detected: ${cycle}`;
  }
  return undefined;
}
