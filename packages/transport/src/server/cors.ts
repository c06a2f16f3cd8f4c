/** Which browsers' pages may send: the `cors` block of the Collector. */
export interface CorsSettings {
  /** Origins such as `https://*.example.com`; at most one `*` each. CORS is off while this is empty. */
  readonly allowedOrigins: readonly string[];
  /** Request headers besides the ones that are always allowed; `*` allows every header. */
  readonly allowedHeaders: readonly string[];
  /** Response headers that a page may read. */
  readonly exposedHeaders: readonly string[];
  /** Seconds for which a browser may remember a preflight; 0 leaves it to the browser. */
  readonly maxAgeSeconds: number;
}

/** Decides about cross-origin requests. Credentials are always allowed. */
export interface Cors {
  /** Response headers (flat name, value pairs) for a request with this `Origin`. */
  headersFor(origin: string | undefined): readonly string[];
  /** Response headers for a preflight that asks for `method` and a comma list of `headers`. */
  preflight(origin: string | undefined, method: string, headers: string | undefined): readonly string[];
}

const alwaysAllowedHeaders = ['accept', 'accept-language', 'content-language', 'content-type', 'origin', 'x-requested-with'];
const allowedMethods = new Set(['GET', 'POST', 'HEAD']);

/** Compiles CORS settings; `undefined` when no origin is allowed. */
export function createCors(settings: CorsSettings): Cors | undefined {
  if (settings.allowedOrigins.length === 0) return undefined;
  const anyOrigin = settings.allowedOrigins.includes('*');
  const patterns = settings.allowedOrigins.map((pattern) => pattern.toLowerCase().split('*', 2));
  const anyHeader = settings.allowedHeaders.includes('*');
  const names = new Set([...alwaysAllowedHeaders, ...settings.allowedHeaders.map((name) => name.toLowerCase())]);
  const exposed = settings.exposedHeaders.length === 0 ? [] : ['Access-Control-Expose-Headers', settings.exposedHeaders.join(', ')];

  const isAllowed = (origin: string): boolean => {
    const text = origin.toLowerCase();
    return patterns.some(([head, tail]) =>
      tail === undefined ? text === head : text.length >= head!.length + tail.length && text.startsWith(head!) && text.endsWith(tail),
    );
  };
  const allow = (origin: string): readonly string[] => [
    'Access-Control-Allow-Origin',
    anyOrigin ? '*' : origin,
    'Access-Control-Allow-Credentials',
    'true',
  ];

  return {
    headersFor: (origin) => {
      const vary = ['Vary', 'Origin'];
      return origin === undefined || !isAllowed(origin) ? vary : [...vary, ...allow(origin), ...exposed];
    },
    preflight: (origin, method, headers) => {
      const vary = ['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'];
      const asked = (headers ?? '').split(',').map((name) => name.trim().toLowerCase());
      const known = asked.every((name) => name === '' || anyHeader || names.has(name));
      if (origin === undefined || !isAllowed(origin) || !allowedMethods.has(method) || !known) return vary;
      const answer = [...vary, ...allow(origin), 'Access-Control-Allow-Methods', method];
      if (headers !== undefined && headers !== '') answer.push('Access-Control-Allow-Headers', headers);
      if (settings.maxAgeSeconds > 0) answer.push('Access-Control-Max-Age', String(settings.maxAgeSeconds));
      return answer;
    },
  };
}
