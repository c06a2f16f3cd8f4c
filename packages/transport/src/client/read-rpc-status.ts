import { protoFields } from './proto-fields.ts';
import { readRetryInfo, readRetryInfoJson } from './retry-delay.ts';

/** A google.rpc.Status as a destination sends it. */
export interface ReceivedStatus {
  readonly code: number;
  readonly message: string;
  /** The types of the details, without their common prefix. */
  readonly details: readonly string[];
  /** From a google.rpc.RetryInfo among the details; 0 when it carries no delay. */
  readonly retryDelayMs: number | undefined;
}

/** Reads a google.rpc.Status from protobuf. Throws when the bytes are not protobuf. */
export function readRpcStatus(bytes: Buffer): ReceivedStatus {
  let code = 0;
  let message = '';
  const details: string[] = [];
  let retryDelayMs: number | undefined;
  for (const { number, value } of protoFields(bytes)) {
    if (number === 1 && typeof value === 'number') code = value;
    else if (number === 2 && value instanceof Buffer) message = value.toString();
    else if (number === 3 && value instanceof Buffer) {
      const { type, content } = readAny(value);
      details.push(type);
      if (type === 'google.rpc.RetryInfo') retryDelayMs = readRetryInfo(content);
    }
  }
  return { code, message, details, retryDelayMs };
}

/** Reads a google.rpc.Status from its JSON form. Throws when the text is not a JSON object. */
export function readRpcStatusJson(text: string): ReceivedStatus {
  const status = JSON.parse(text) as { code?: unknown; message?: unknown; details?: unknown } | null;
  if (typeof status !== 'object' || status === null) throw new Error('not an object');
  const details: string[] = [];
  let retryDelayMs: number | undefined;
  for (const detail of Array.isArray(status.details) ? (status.details as { '@type'?: unknown; retryDelay?: unknown }[]) : []) {
    const type = typeName(String(detail?.['@type']));
    details.push(type);
    if (type === 'google.rpc.RetryInfo') retryDelayMs = readRetryInfoJson(detail.retryDelay);
  }
  const code = typeof status.code === 'number' ? status.code : 0;
  return { code, message: typeof status.message === 'string' ? status.message : '', details, retryDelayMs };
}

function readAny(bytes: Buffer): { type: string; content: Buffer } {
  let type = '';
  let content = bytes.subarray(0, 0);
  for (const { number, value } of protoFields(bytes)) {
    if (number === 1 && value instanceof Buffer) type = typeName(value.toString());
    else if (number === 2 && value instanceof Buffer) content = value;
  }
  return { type, content };
}

function typeName(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
