import { isPermanent, isPipelineError } from '@millrace/api';

/** The status codes of gRPC by name (google.rpc.Code). */
export const grpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Why a request was not taken, as gRPC and OTLP/HTTP both tell it (google.rpc.Status). */
export interface RpcStatus {
  /** One of `grpcCode`. */
  readonly code: number;
  readonly message: string;
  /** Becomes a google.rpc.RetryInfo detail and, over HTTP, `Retry-After`. */
  readonly retryAfterMs?: number;
}

/**
 * What a sender is told about an error of the pipeline, as the Collector maps it: the error's own code when it has one, otherwise Internal
 * when it is permanent, otherwise Unavailable. Illegal bytes (`WireError`) are InvalidArgument.
 */
export function statusOfError(error: unknown): RpcStatus {
  const message = error instanceof Error ? error.message : String(error);
  if (!isPipelineError(error)) {
    return {
      code: (error as { name?: unknown } | undefined)?.name === 'WireError' ? grpcCode.invalidArgument : grpcCode.unavailable,
      message,
    };
  }
  const code = error.grpcCode ?? (isPermanent(error) ? grpcCode.internal : grpcCode.unavailable);
  const text = error.grpcCode === undefined && isPermanent(error) ? `Permanent error: ${message}` : message;
  return error.retryAfterMs === undefined ? { code, message: text } : { code, message: text, retryAfterMs: error.retryAfterMs };
}

/** Refuses a request because the byte budget of the process is spent; the sender may come back after a second. */
export const outOfMemory: RpcStatus = {
  code: grpcCode.unavailable,
  message: 'data refused due to high memory usage',
  retryAfterMs: 1000,
};

/** The HTTP status that OTLP/HTTP answers with for a gRPC code. */
export function httpStatusOf(code: number): number {
  switch (code) {
    case grpcCode.cancelled:
    case grpcCode.deadlineExceeded:
    case grpcCode.aborted:
    case grpcCode.outOfRange:
    case grpcCode.unavailable:
    case grpcCode.dataLoss:
      return 503;
    case grpcCode.resourceExhausted:
      return 429;
    case grpcCode.invalidArgument:
      return 400;
    case grpcCode.unauthenticated:
      return 401;
    case grpcCode.permissionDenied:
      return 403;
    case grpcCode.unimplemented:
      return 404;
    default:
      return 500;
  }
}

/** Whole seconds for a `Retry-After` header, at least 1; `undefined` when the status carries no delay or its HTTP status takes none. */
export function retryAfterSeconds(status: RpcStatus): number | undefined {
  if (status.retryAfterMs === undefined) return undefined;
  const http = httpStatusOf(status.code);
  return http === 429 || http === 503 ? Math.max(1, Math.ceil(status.retryAfterMs / 1000)) : undefined;
}

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo';

/** A status as google.rpc.Status in protobuf. */
export function encodeStatus(status: RpcStatus): Buffer {
  const message = Buffer.from(status.message);
  const fields = [Buffer.from([0x08]), varint(status.code), Buffer.from([0x12]), varint(message.length), message];
  if (status.retryAfterMs !== undefined) {
    const seconds = Math.floor(status.retryAfterMs / 1000);
    const nanos = Math.round((status.retryAfterMs % 1000) * 1e6);
    const duration = Buffer.concat([Buffer.from([0x08]), varint(seconds), Buffer.from([0x10]), varint(nanos)]);
    fields.push(delimited(0x1a, Buffer.concat([delimited(0x0a, Buffer.from(retryInfoType)), delimited(0x12, delimited(0x0a, duration))])));
  }
  return Buffer.concat(fields);
}

/** A status as google.rpc.Status in the JSON form of protobuf. */
export function statusJson(status: RpcStatus): Buffer {
  const details =
    status.retryAfterMs === undefined ? undefined : [{ '@type': retryInfoType, retryDelay: `${status.retryAfterMs / 1000}s` }];
  return Buffer.from(JSON.stringify({ code: status.code, message: status.message, details }));
}

function delimited(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
