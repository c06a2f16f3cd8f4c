import type { CheckedPipeline, CheckedService, PipelineSignal } from './checked-config.ts';
import { joinId, parseId, parsePipelineId, pipelineSignals } from './component-id.ts';
import type { IdParts } from './component-id.ts';
import { nodeAt, positionOf } from './config-node.ts';
import type { MapEntry, MapNode, Place } from './config-node.ts';
import { Decoder } from './decode.ts';
import { nearest } from './nearest.ts';
import type { Problem, Warning } from './problem.ts';
import { componentFormats } from './schema.ts';
import type { Formats, Schema } from './schema.ts';
import { checkTelemetry, telemetryFormats, telemetrySchema } from './telemetry.ts';
import type { TelemetryConfig } from './telemetry.ts';

/** The `service` section, and what is wrong with it. */
export interface CheckedServiceSection {
  /** Usable only without problems. */
  readonly service: CheckedService;
  /** The section as written, pipelines under their trimmed ids: where things stand. */
  readonly node: MapNode;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

const ids: Schema = { type: 'array', items: { type: 'string', format: 'component-id' }, default: [] };
const pipelineSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: { receivers: ids, processors: ids, exporters: ids },
};
/** Telemetry and each pipeline are decoded by themselves, so that a problem in one does not hide those in another. */
const serviceSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: { telemetry: {}, extensions: ids, pipelines: { type: 'object' } },
};
const formats: Formats = {
  ...componentFormats,
  ...telemetryFormats,
  'component-id': (text) => {
    const parts = parseId(text);
    return typeof parts === 'string' ? { message: parts } : undefined;
  },
};

/** Checks the shape of `service`, and what needs no other section. */
export function checkService(
  section: MapNode | undefined,
  place: Place,
  validate: boolean,
  gates: ReadonlySet<string>,
): CheckedServiceSection {
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  const configured = new Map<string, MapEntry & { readonly parts: IdParts }>();
  const node = withPipelines(section ?? { kind: 'map', entries: new Map(), place }, configured, problems);
  const decode = (schema: Schema, keys: readonly string[], label: string): unknown => {
    const { node: inner, place: at } = nodeAt(node, keys);
    const decoder = new Decoder({ schema, path: ['service', ...keys].join('::'), name: label, label, prefix: '', formats });
    const decoded = decoder.decode(inner, at);
    problems.push(...decoder.report.problems);
    warnings.push(...decoder.report.warnings);
    return decoder.report.problems.length > 0 ? undefined : decoded;
  };
  const shape = decode(serviceSchema, [], 'service') as { readonly extensions: readonly string[] } | undefined;
  const decodedTelemetry = decode(telemetrySchema, ['telemetry'], 'service.telemetry');
  const telemetry = decodedTelemetry === undefined ? undefined : checkTelemetry(decodedTelemetry, node, problems, validate);
  const pipelines = new Map<string, CheckedPipeline>();
  for (const [id, { parts, place: at }] of configured) {
    const lists = decode(pipelineSchema, ['pipelines', id], `service.pipelines[${id}]`) as Record<string, readonly string[]> | undefined;
    if (lists === undefined) continue;
    const { receivers = [], processors = [], exporters = [] } = lists;
    pipelines.set(id, {
      id,
      signal: parts.type as PipelineSignal,
      name: parts.name,
      receivers: receivers.map(normalId),
      processors: processors.map(normalId),
      exporters: exporters.map(normalId),
      position: positionOf(at),
    });
  }
  const service = { extensions: (shape?.extensions ?? []).map(normalId), pipelines, telemetry: telemetry as TelemetryConfig };
  if (validate) problems.push(...pipelineProblems(service, node, gates));
  return { service, node, problems, warnings };
}

/** The section with its pipelines under their trimmed ids; those with a bad id are left out. */
function withPipelines(section: MapNode, found: Map<string, MapEntry & { readonly parts: IdParts }>, problems: Problem[]): MapNode {
  const pipelines = section.entries.get('pipelines');
  if (pipelines?.node.kind !== 'map') return section;
  for (const [key, entry] of pipelines.node.entries) {
    const parts = parsePipelineId(key);
    const id = typeof parts === 'string' ? key : joinId(parts);
    const repeated = found.has(id) ? `duplicate name ${JSON.stringify(key)} after unmarshaling ${id}` : undefined;
    if (typeof parts !== 'string' && repeated === undefined) {
      found.set(id, { ...entry, parts });
      continue;
    }
    const message = repeated ?? (parts as string);
    const isUnknownSignal = message.includes('unknown pipeline signal');
    const suggestion = isUnknownSignal ? nearest(key.split('/')[0]!.trim(), pipelineSignals) : undefined;
    problems.push({
      ...positionOf(entry.place),
      path: `service::pipelines::${key}`,
      message: `'service.pipelines' ${message}`,
      ...(isUnknownSignal ? { expected: 'traces, metrics, logs or profiles, perhaps with a name as in traces/2' } : {}),
      ...(suggestion === undefined ? {} : { suggestion }),
      verdict: 'invalid',
    });
  }
  return {
    ...section,
    entries: new Map([...section.entries, ['pipelines', { ...pipelines, node: { ...pipelines.node, entries: found } }]]),
  };
}

function pipelineProblems(service: CheckedService, node: MapNode, gates: ReadonlySet<string>): readonly Problem[] {
  const problems: Problem[] = [];
  const fail = (keys: readonly (string | number)[], path: string, message: string): void => {
    problems.push({ ...positionOf(nodeAt(node, keys).place), path, message: `${path}: ${message}`, verdict: 'invalid' });
  };
  const configured = nodeAt(node, ['pipelines']).node;
  const isEmpty = service.pipelines.size === 0 && (configured?.kind !== 'map' || configured.entries.size === 0);
  if (isEmpty && !gates.has('service.AllowNoPipelines'))
    fail(['pipelines'], 'service::pipelines', 'service must have at least one pipeline');
  for (const { id, signal, receivers, processors, exporters } of service.pipelines.values()) {
    const path = `service::pipelines::${id}`;
    if (signal === 'profiles' && !gates.has('service.profilesSupport')) {
      const gated = `profiling signal support is at alpha level, gated under the "service.profilesSupport" feature gate`;
      fail(['pipelines', id], 'service::pipelines', `pipeline ${JSON.stringify(id)}: ${gated}`);
    }
    if (receivers.length === 0) fail(['pipelines', id, 'receivers'], path, 'must have at least one receiver');
    if (exporters.length === 0) fail(['pipelines', id, 'exporters'], path, 'must have at least one exporter');
    for (const [index, processor] of processors.entries()) {
      if (processors.indexOf(processor) === index) continue;
      fail(['pipelines', id, 'processors', index], path, `references processor ${JSON.stringify(processor)} multiple times`);
    }
  }
  return problems;
}

function normalId(id: string): string {
  const parts = parseId(id);
  return typeof parts === 'string' ? id : joinId(parts);
}
