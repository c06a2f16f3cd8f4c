/** Where a gRPC client connects to, read from a Collector `endpoint`. */
export interface GrpcTarget {
  /** A host and port, or the path of a Unix socket. */
  readonly address: { readonly host: string; readonly port: number } | { readonly path: string };
  /** The `:authority` of requests and the name that a certificate is checked against. */
  readonly authority: string;
  /** `http://` asks for plaintext, `https://` for TLS; anything else leaves it to the settings. */
  readonly scheme: 'http' | 'https' | undefined;
}

/** `scheme:///endpoint` or `scheme://authority/endpoint`, in the resolver schemes of gRPC. */
const resolverPattern = /^(?:dns|passthrough):\/\/[^/]*\/?/;

/**
 * Reads `host:port`, `http://host:port`, `https://host:port`, `dns:///host:port`, `passthrough:///host:port` or `unix:///path`. Throws in
 * the Collector's words, such as `invalid port "x"`.
 */
export function parseGrpcTarget(endpoint: string): GrpcTarget {
  if (endpoint.startsWith('unix://')) {
    const path = endpoint.slice('unix://'.length);
    if (path === '') throw new Error('unix socket path cannot be empty');
    return { address: { path }, authority: 'localhost', scheme: undefined };
  }
  const scheme = endpoint.startsWith('http://') ? 'http' : endpoint.startsWith('https://') ? 'https' : undefined;
  const authority = scheme === undefined ? endpoint.replace(resolverPattern, '') : endpoint.slice(scheme.length + '://'.length);
  const unknown = scheme === undefined ? /^([a-z][a-z0-9+.-]*):\/\//i.exec(authority) : null;
  if (unknown !== null) throw new Error(`unsupported endpoint scheme "${unknown[1]}" (supported: dns, http, https, passthrough, unix)`);
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(authority);
  if (match === null) {
    throw new Error(`address ${authority}: ${/^[^:]*$|\]$/.test(authority) ? 'missing port in address' : 'too many colons in address'}`);
  }
  const port = Number(match[3]);
  if (!/^\d+$/.test(match[3]!) || port > 65_535) throw new Error(`invalid port "${match[3]}"`);
  return { address: { host: match[1] ?? (match[2] || 'localhost'), port }, authority, scheme };
}
