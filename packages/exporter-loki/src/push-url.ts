const otlpPath = '/otlp/v1/logs';
/** Paths that Loki takes logs at, from the end of a URL's. */
const knownPaths = ['/loki/api/v1/push', '/api/prom/push', otlpPath, '/otlp'];

/** The URL of Loki's OTLP endpoint for that of its push API, of its OTLP endpoint, or of the server. Throws for any other. */
export function otlpUrl(endpoint: string): URL {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) throw new Error('"endpoint" must be a valid URL');
  const url = new URL(endpoint);
  const path = url.pathname.replace(/\/+$/, '');
  const known = path === '' ? '' : knownPaths.find((one) => path.endsWith(one));
  if (known === undefined) throw new Error(`"endpoint" must end with /loki/api/v1/push, or be the URL of a Loki without a path`);
  url.pathname = path.slice(0, path.length - known.length) + otlpPath;
  return url;
}
