import type { Escaping } from './names.ts';

/** A format that metrics are exposed in, and how. */
export interface ExpositionFormat {
  readonly kind: 'text' | 'openmetrics' | 'protobuf' | 'json';
  /** Of the text formats: 0.0.4 or 1.0.0; 0.0.1 or 1.0.0 of OpenMetrics. Empty for the others. */
  readonly version: string;
  /** What becomes of names that are not legacy ones. */
  readonly escaping: Escaping;
  /** The value of `Content-Type`. */
  readonly contentType: string;
}

const escapings: readonly string[] = ['underscores', 'allow-utf-8', 'dots', 'values'] satisfies Escaping[];

const contentTypes = {
  text: 'text/plain; version=VERSION; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=VERSION; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  json: 'application/json; charset=utf-8',
} as const;

/** A format by its parts. */
export function expositionFormat(kind: ExpositionFormat['kind'], version = '', escaping: Escaping = 'underscores'): ExpositionFormat {
  const exact = version !== '' ? version : kind === 'text' ? '0.0.4' : kind === 'openmetrics' ? '1.0.0' : '';
  const type = contentTypes[kind].replace('VERSION', exact);
  return { kind, version: exact, escaping, contentType: `${type}; escaping=${escaping}` };
}

interface Clause {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

function clauses(accept: string): Clause[] {
  return accept
    .split(',')
    .map((clause) => {
      const [type = '', ...pairs] = clause.split(';').map((part) => part.trim());
      const parameters = new Map(pairs.map((pair) => [pair.split('=', 1)[0]!.trim(), pair.slice(pair.indexOf('=') + 1).trim()]));
      const quality = Number(parameters.get('q') ?? 1);
      return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 0 : quality, parameters };
    })
    .toSorted((a, b) => b.quality - a.quality);
}

function offered({ type, parameters }: Clause, openMetrics: boolean): ExpositionFormat | undefined {
  const version = parameters.get('version') ?? '';
  const asked = parameters.get('escaping') ?? '';
  const escaping = escapings.includes(asked) ? (asked as Escaping) : 'underscores';
  switch (type) {
    case 'application/vnd.google.protobuf':
      if (parameters.get('proto') !== 'io.prometheus.client.MetricFamily' || parameters.get('encoding') !== 'delimited') return undefined;
      return expositionFormat('protobuf', '', escaping);
    case 'application/openmetrics-text':
      if (!openMetrics || !['', '0.0.1', '1.0.0'].includes(version)) return undefined;
      return expositionFormat('openmetrics', version === '' ? '0.0.1' : version, escaping);
    case 'text/plain':
      return ['', '0.0.4', '1.0.0'].includes(version) ? expositionFormat('text', version, escaping) : undefined;
    case 'application/json':
      return expositionFormat('json', '', escaping === 'underscores' && asked === '' ? 'allow-utf-8' : escaping);
    case '*/*':
    case 'text/*':
      return expositionFormat('text', '', escaping);
    default:
      return undefined;
  }
}

/**
 * The format for an `Accept` header: the first one in order of quality that we have, text 0.0.4 with underscores when there is none.
 * OpenMetrics is chosen only when `openMetrics` is set.
 */
export function negotiate(accept: string | undefined, { openMetrics }: { readonly openMetrics: boolean }): ExpositionFormat {
  for (const clause of clauses(accept ?? '')) {
    const format = clause.quality > 0 ? offered(clause, openMetrics) : undefined;
    if (format !== undefined) return format;
  }
  return expositionFormat('text');
}

/** Whether an `Accept-Encoding` header takes gzip. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = clauses(acceptEncoding ?? '');
  const gzip = codings.find(({ type }) => type === 'gzip') ?? codings.find(({ type }) => type === '*');
  return gzip !== undefined && gzip.quality > 0;
}
