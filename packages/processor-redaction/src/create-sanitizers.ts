import type { RedactionConfig } from './config.ts';
import { obfuscateJson } from './json-values.ts';
import { obfuscateRedis } from './redis.ts';
import type { Sanitizers, SpanFacts } from './sanitizers.ts';
import { obfuscateSql } from './sql.ts';
import { sanitizeUrl } from './url-sanitizer.ts';

const client = 3;
const server = 2;
const internal = 1;

/** Attributes that tell that a span is about HTTP. */
const httpKeys: ReadonlySet<string> = new Set([
  'http.route',
  'http.request.method',
  'http.request.method_original',
  'http.response.status_code',
  'url.full',
  'http.scheme',
  'http.target',
  'http.method',
  'http.url',
]);

interface Database {
  readonly systems: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
  obfuscate(text: string, system: string): string;
}

const firstLine = (text: string): string => text.split('\r\n', 1)[0]!.trim();

/** Every kind of database, in the order in which they are tried. OpenSearch and Elasticsearch have no attributes, as in the Collector. */
const kinds = [
  { name: 'sql', systems: ['other_sql', 'mysql', 'postgresql', 'mariadb', 'sqlite'], obfuscate: obfuscateSql },
  { name: 'redis', systems: ['redis'], obfuscate: obfuscateRedis },
  { name: 'valkey', systems: ['valkey'], obfuscate: obfuscateRedis },
  { name: 'memcached', systems: ['memcached'], obfuscate: firstLine },
  { name: 'mongo', systems: ['mongodb'], obfuscate: obfuscateJson },
  { name: 'opensearch', systems: ['opensearch'], obfuscate: obfuscateJson },
  { name: 'es', systems: ['elasticsearch'], obfuscate: obfuscateJson },
] as const;
const withoutAttributes: ReadonlySet<string> = new Set(['opensearch', 'es']);

/** The sanitizers that a configuration enables; undefined when it enables none. */
export function createSanitizers(config: RedactionConfig, signal: 'traces' | 'metrics' | 'logs'): Sanitizers | undefined {
  const { url_sanitizer: url, db_sanitizer: db } = config;
  const databases = kinds
    .filter(({ name }) => db[name].enabled)
    .map(({ name, systems, obfuscate }): Database => ({
      systems: new Set<string>(systems),
      attributes: new Set(withoutAttributes.has(name) ? [] : db[name].attributes),
      obfuscate,
    }));
  if (!url.enabled && databases.length === 0) return undefined;
  const urlKeys = new Set(url.enabled ? url.attributes : []);
  // Logs have no system; there every database has its turn.
  const needsSystem = signal !== 'logs';

  const urlName = (name: string, { kind, hasHttp }: SpanFacts): string => {
    if (!url.enabled || !url.sanitize_span_name || (kind !== client && kind !== server) || (!hasHttp && !name.includes('/'))) return name;
    const sanitized = sanitizeUrl(name);
    const segments = sanitized.split('/').filter((segment) => segment !== '');
    // A name of nothing but stars would say nothing.
    return segments.length > 0 && segments.every((segment) => segment === '*') ? name : sanitized;
  };

  return {
    httpKeys,
    wants: (key) => urlKeys.has(key) || databases.some(({ attributes }) => attributes.has(key)),
    attribute(text, key, system) {
      let result = text !== '' && urlKeys.has(key) ? sanitizeUrl(text) : text;
      if (system === '' && needsSystem) return result;
      for (const { systems, attributes, obfuscate } of databases) {
        if (!attributes.has(key)) continue;
        if (system === '') result = obfuscate(result, '');
        else if (systems.has(system)) return obfuscate(result, system);
      }
      return result;
    },
    body(text) {
      let result = url.enabled ? sanitizeUrl(text) : text;
      for (const { obfuscate } of databases) result = obfuscate(result, '');
      return result;
    },
    spanName(name, span, system) {
      const byUrl = urlName(name, span);
      if (byUrl !== name) return byUrl === '' || byUrl === '...' ? name : byUrl;
      if (!db.sanitize_span_name || (span.kind !== client && span.kind !== server && span.kind !== internal)) return name;
      const database = databases.find(({ systems }) => systems.has(system));
      const sanitized = database?.obfuscate(name, system) ?? name;
      return sanitized === '' || sanitized === '...' ? name : sanitized;
    },
  };
}
