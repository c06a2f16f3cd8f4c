import type { MatchProperties } from './match-config.ts';

const standardKinds = ['SPAN_KIND_CLIENT', 'SPAN_KIND_CONSUMER', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_SERVER'];

/** Throws an Error in the Collector's words when properties cannot match spans. */
export function checkForSpans(properties: MatchProperties): void {
  for (const name of ['log_bodies', 'log_severity_texts', 'log_severity_number', 'metric_names'] as const)
    if (isSet(properties, name)) throw new Error(`${name} should not be specified for trace spans`);
  if (!areSet(properties, ['services', 'span_names', 'attributes', 'libraries', 'resources', 'span_kinds']))
    throw new Error('at least one of "attributes", "libraries",  or "resources" field must be specified');
  if (properties.match_type === 'strict' && properties.span_kinds?.some((kind) => !standardKinds.includes(kind)) === true)
    throw new Error(
      `span_kinds string must match one of the standard span kinds when match_type=strict: [     ${standardKinds.join(' ')}]`,
    );
}

/** Throws an Error in the Collector's words when properties cannot match log records. */
export function checkForLogs(properties: MatchProperties): void {
  if (areSet(properties, ['span_names', 'services', 'span_kinds', 'metric_names']))
    throw new Error('services, span_names, span_kinds and metric_names are not valid for log records');
  if (!areSet(properties, ['attributes', 'libraries', 'resources', 'log_bodies', 'log_severity_texts', 'log_severity_number']))
    throw new Error(
      'at least one of "attributes", "libraries", "span_kinds", "resources", "log_bodies", "log_severity_texts" or "log_severity_number" field must be specified',
    );
}

/** Throws an Error in the Collector's words when properties cannot match metrics. */
export function checkForMetrics(properties: MatchProperties): void {
  const others = [
    ...(['log_bodies', 'log_severity_texts', 'span_names', 'services', 'span_kinds', 'attributes', 'libraries'] as const),
    'log_severity_number' as const,
  ];
  if (areSet(properties, others))
    throw new Error(
      '"span_names", "span_kinds", "log_bodies", "log_severity_texts", "log_severity_number", "services", "attributes" and "libraries" are not valid for metrics',
    );
  if (!areSet(properties, ['metric_names', 'resources']))
    throw new Error('at least one of "metric_names" or "resources" field must be specified');
}

type Property = Exclude<keyof MatchProperties, 'match_type' | 'regexp'>;

function isSet(properties: MatchProperties, name: Property): boolean {
  const value = properties[name];
  return value !== undefined && (!Array.isArray(value) || value.length > 0);
}

function areSet(properties: MatchProperties, names: readonly Property[]): boolean {
  return names.some((name) => isSet(properties, name));
}
