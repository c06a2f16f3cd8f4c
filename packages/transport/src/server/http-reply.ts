/** A response that is built once and sent many times. */
export interface HttpReply {
  readonly status: number;
  /** Flat name, value pairs, as node:http takes them. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** Builds a reply with its `Content-Type` and `Content-Length`, and `Retry-After` when seconds are given. */
export function httpReply(status: number, contentType: string, body: Buffer | string, retryAfterSeconds?: number): HttpReply {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const headers = ['Content-Type', contentType, 'Content-Length', String(bytes.length)];
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds));
  return { status, headers, body: bytes };
}
