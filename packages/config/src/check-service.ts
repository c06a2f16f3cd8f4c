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
  /** Where the section and its pipelines stand. */
  readonly node: MapNode;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

const ids: Schema = { type: 'array', items: { type: 'string', format: 'component-id' }, default: [] };
const pipeline: Schema = { type: 'object', additionalProperties: false, properties: { receivers: ids, processors: ids, exporters: ids } };
const serviceSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: { telemetry: telemetrySchema, extensions: ids, pipelines: { type: 'object', additionalProperties: pipeline, default: {} } },
};
const formats: Formats = {
  ...componentFormats,
  ...telemetryFormats,
  'component-id': (text) => {
    const parts = parseId(text);
    return typeof parts === 'string' ? { message: parts } : undefined;
  },
};

interface DecodedService {
  readonly telemetry: unknown;
  readonly extensions: readonly string[];
  readonly pipelines: Readonly<
    Record<string, { receivers: readonly string[]; processors: readonly string[]; exporters: readonly string[] }>
  >;
}

/** Checks the shape of `service`, and what needs no other section. */
export function checkService(
  section: MapNode | undefined,
  place: Place,
  validate: boolean,
  gates: ReadonlySet<string>,
): CheckedServiceSection {
  const problems: Problem[] = [];
  const pipelineNodes = new Map<string, MapEntry & { readonly parts: IdParts }>();
  const node = withPipelines(section ?? { kind: 'map', entries: new Map(), place }, pipelineNodes, problems);
  const decoder = new Decoder({ schema: serviceSchema, path: 'service', name: 'service', label: 'service', prefix: '', formats });
  const decoded = decoder.decode(node, place) as DecodedService;
  problems.push(...decoder.problems);
  const warnings = [...decoder.warnings];
  if (decoder.problems.length > 0) {
    return {
      service: { extensions: [], pipelines: new Map(), telemetry: undefined as unknown as TelemetryConfig },
      node,
      problems,
      warnings,
    };
  }
  const telemetry = checkTelemetry(decoded.telemetry, node, problems, warnings, validate);
  const pipelines = new Map<string, CheckedPipeline>();
  for (const [id, { parts, place: at }] of pipelineNodes) {
    const lists = decoded.pipelines[id]!;
    pipelines.set(id, {
      id,
      signal: parts.type as PipelineSignal,
      name: parts.name,
      receivers: lists.receivers.map(normalId),
      processors: lists.processors.map(normalId),
      exporters: lists.exporters.map(normalId),
      position: positionOf(at),
    });
  }
  const service: CheckedService = { extensions: decoded.extensions.map(normalId), pipelines, telemetry };
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
    const suggestion = repeated === undefined ? nearest(key.split('/')[0]!.trim(), pipelineSignals) : undefined;
    problems.push({
      ...positionOf(entry.place),
      path: `service::pipelines::${key}`,
      message: `'service.pipelines' ${repeated ?? (parts as string)}`,
      ...(repeated === undefined ? { expected: `traces, metrics, logs or profiles, perhaps with a name as in traces/2` } : {}),
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
