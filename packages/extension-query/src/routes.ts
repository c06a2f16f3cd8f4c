import { unescapeName } from '@millrace/prometheus-format';
import { federate } from './federate.ts';
import type { Handler } from './handler.ts';
import { alerts, buildInfo, labels, labelValues, metadata, rules, series } from './metadata-handlers.ts';
import { query, queryExemplars, queryRange } from './query-handlers.ts';
import { remoteRead } from './remote-read.ts';

/** What answers a path. */
export interface Route {
  readonly methods: readonly string[];
  readonly handler: Handler;
  readonly labelName: string;
}

const get = ['GET', 'HEAD'];
const getOrPost = [...get, 'POST'];

const routes: ReadonlyMap<string, Omit<Route, 'labelName'>> = new Map([
  ['/api/v1/query', { methods: getOrPost, handler: query }],
  ['/api/v1/query_range', { methods: getOrPost, handler: queryRange }],
  ['/api/v1/query_exemplars', { methods: getOrPost, handler: queryExemplars }],
  ['/api/v1/series', { methods: getOrPost, handler: series }],
  ['/api/v1/labels', { methods: getOrPost, handler: labels }],
  ['/api/v1/metadata', { methods: get, handler: metadata }],
  ['/api/v1/rules', { methods: get, handler: rules }],
  ['/api/v1/alerts', { methods: get, handler: alerts }],
  ['/api/v1/status/buildinfo', { methods: get, handler: buildInfo }],
  ['/api/v1/read', { methods: ['POST'], handler: remoteRead }],
  ['/federate', { methods: get, handler: federate }],
]);

const labelPath = /^\/api\/v1\/label\/([^/]+)\/values$/;

/** The route of a path; undefined when there is none. */
export function routeOf(path: string): Route | undefined {
  const route = routes.get(path);
  if (route !== undefined) return { ...route, labelName: '' };
  const escaped = labelPath.exec(path)?.[1];
  return escaped === undefined ? undefined : { methods: get, handler: labelValues, labelName: labelNameOf(escaped) };
}

/** A name as it stands in a path: percent-encoded, or with `U__` before it and other characters as `_code_`. */
function labelNameOf(escaped: string): string {
  let name = escaped;
  try {
    name = decodeURIComponent(escaped);
  } catch {
    // Not encoded: it is the name.
  }
  return name.startsWith('U__') ? unescapeName(name, 'values') : name;
}
