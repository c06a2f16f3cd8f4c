import { grpcCode } from '../server/rpc-status.ts';

const names: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** A call ended with a status other than OK. The message reads like grpc-go's: `rpc error: code = Unavailable desc = ...`. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  /** google.rpc.Code. */
  readonly code: number;
  /** The destination's google.rpc.RetryInfo: how long to wait; 0 when it named no delay, `undefined` without RetryInfo. */
  readonly retryDelayMs: number | undefined;
  /** The destination has certainly not looked at the request, so that it may be sent again at once. */
  readonly unprocessed: boolean;

  constructor(
    code: number,
    description: string,
    options: { retryDelayMs?: number | undefined; unprocessed?: boolean; cause?: unknown } = {},
  ) {
    super(`rpc error: code = ${names[code] ?? `Code(${code})`} desc = ${description}`, { cause: options.cause });
    this.code = code;
    this.retryDelayMs = options.retryDelayMs;
    this.unprocessed = options.unprocessed === true;
  }
}

/** The gRPC code that stands for an HTTP status, for answers that did not come from a gRPC server (gRPC, http-grpc-status-mapping.md). */
export function grpcCodeOfHttp(status: number): number {
  switch (status) {
    case 400:
      return grpcCode.internal;
    case 401:
      return grpcCode.unauthenticated;
    case 403:
      return grpcCode.permissionDenied;
    case 404:
      return grpcCode.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcCode.unavailable;
    default:
      return grpcCode.unknown;
  }
}
