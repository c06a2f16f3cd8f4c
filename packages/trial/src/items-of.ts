import type { Signal } from '@millrace/api';
import { kinds, lists, statusCodes, temporalities } from './item.ts';
import type { Item, Json } from './item.ts';

/** The items of an OTLP/JSON request in the form of tests. Fields at their defaults are left out. */
export function itemsOf(signal: Signal, request: object): Item[] {
  if (signal === 'profiles') return [];
  const [resources, scopes, members] = lists[signal];
  return listOf(request as Json, resources).flatMap((resource) =>
    listOf(resource, scopes).flatMap((scope) =>
      listOf(scope, members).flatMap((member) => {
        const place = { resource: mapOf((resource['resource'] as Json | undefined)?.['attributes']), scope: scopeOf(scope['scope']) };
        return (signal === 'metrics' ? pointsOf(member) : [member]).map((item) => shown({ ...item, ...place }));
      }),
    ),
  );
}

const listOf = (json: Json, name: string): Json[] => (json[name] ?? []) as Json[];

function scopeOf(scope: unknown): unknown {
  const { name = '', version = '', attributes } = (scope ?? {}) as Json;
  const rest = shown({ version, attributes: mapOf(attributes) });
  return Object.keys(rest).length === 0 ? name : { name, ...rest };
}

function pointsOf(metric: Json): Json[] {
  for (const type of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']) {
    const data = metric[type] as Json | undefined;
    if (data === undefined) continue;
    const { name, unit, description } = metric;
    const { aggregationTemporality, isMonotonic } = data;
    const common = { name, unit, description, type: snake(type), isMonotonic, aggregationTemporality };
    return listOf(data, 'dataPoints').map(({ asInt, asDouble, ...point }) => ({ ...common, value: numberOf(asInt) ?? asDouble, ...point }));
  }
  return [];
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** In snake_case, attributes as maps, names for numbers, and nothing that is at its default. */
function shown(json: Json): Json {
  const result: Json = {};
  for (const [name, value] of Object.entries(json)) {
    if (value === undefined) continue;
    const [key, plain] = fieldOf(name, value, json);
    if (key !== undefined && !isDefault(plain)) result[key] = plain;
  }
  return result;
}

function fieldOf(name: string, value: unknown, item: Json): readonly [string | undefined, unknown] {
  switch (name) {
    case 'resource':
    case 'scope':
    case 'value':
      return [name, value];
    case 'attributes':
    case 'filteredAttributes':
      return [snake(name), Array.isArray(value) ? mapOf(value) : value];
    case 'body':
      return [name, plainOf(value)];
    case 'events':
    case 'links':
    case 'exemplars':
      return [name, (value as Json[]).map(shown)];
    case 'kind':
      return [name, kinds[value as number] === 'unspecified' ? '' : kinds[value as number]];
    case 'status': {
      const { code = 0, message = '' } = value as { code?: number; message?: string };
      return [name, message === '' ? (code === 0 ? '' : statusCodes[code]) : { code: statusCodes[code], message }];
    }
    case 'aggregationTemporality':
      return ['temporality', temporalities[value as number]];
    case 'endTimeUnixNano': {
      const ns = BigInt(value as string) - BigInt((item['startTimeUnixNano'] as string | undefined) ?? 0);
      return ['duration', ns === 0n ? '' : `${Number(ns) / 1e6}ms`];
    }
    case 'startTimeUnixNano':
    case 'timeUnixNano':
    case 'observedTimeUnixNano':
      return [snake(name).replace('_unix_nano', ''), isoOf(BigInt(value as string))];
    default:
      return [
        snake(name),
        Array.isArray(value) ? value.map((each) => numberOf(each) ?? (each as unknown)) : (wholeOf(name, value) ?? value),
      ];
  }
}

/** RFC 3339 with as many digits of the second as it takes. */
function isoOf(ns: bigint): string {
  if (ns === 0n) return '';
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`;
}

const wholeOf = (name: string, value: unknown): number | undefined => (/^(count|zeroCount)$/.test(name) ? numberOf(value) : undefined);

/** The number that OTLP/JSON writes as a text. */
function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function isDefault(value: unknown): boolean {
  if (value === undefined || value === '' || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function mapOf(attributes: unknown): Json {
  return Object.fromEntries(((attributes ?? []) as Json[]).map(({ key, value }) => [String(key), plainOf(value)]));
}

function plainOf(value: unknown): unknown {
  const any = (value ?? {}) as Json;
  if (any['intValue'] !== undefined) {
    const number = Number(any['intValue']);
    return Number.isSafeInteger(number) ? number : any['intValue'];
  }
  if (any['arrayValue'] !== undefined) return listOf(any['arrayValue'] as Json, 'values').map(plainOf);
  if (any['kvlistValue'] !== undefined) return mapOf((any['kvlistValue'] as Json)['values']);
  const [first] = Object.values(any);
  return first ?? null;
}
