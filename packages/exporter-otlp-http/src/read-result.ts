import { type Clock, PipelineError } from '@millrace/api';
import type { PushResult } from '@millrace/exporter-helper';
import {
  grpcCode,
  readExportResponse,
  readExportResponseJson,
  readRetryAfter,
  readRpcStatus,
  readRpcStatusJson,
} from '@millrace/transport';
import type { HttpResponse, ReceivedStatus } from '@millrace/transport';

/** The statuses that may pass (OTLP specification, "Failures"). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a response means for the batch. Throws a `PipelineError` when the destination did not take it. */
export function readResult(response: HttpResponse, url: string, clock: Clock): PushResult {
  if (response.status >= 200 && response.status <= 299) return readSuccess(response);
  const details = readStatus(response);
  const kind = retryable.has(response.status) ? 'retryable' : 'permanent';
  const throttled = response.status === 429 || response.status === 503;
  const retryAfterMs = throttled ? readRetryAfter(response.headers['retry-after'], clock) : undefined;
  const error = new PipelineError(
    `error exporting items, request to ${url} responded with HTTP Status Code ${response.status}` +
      (details === undefined ? '' : `, Message=${details.message}, Details=[${details.details.join(' ')}]`),
    { kind, grpcCode: grpcCodeOf(response.status), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
  if (response.status === 413) return { tooLarge: error };
  throw error;
}

function contentType(response: HttpResponse): string {
  return String(response.headers['content-type'] ?? '')
    .split(';')[0]!
    .trim()
    .toLowerCase();
}

function readSuccess(response: HttpResponse): PushResult {
  if (response.body.length === 0) return undefined;
  switch (contentType(response)) {
    case 'application/x-protobuf':
      try {
        return readExportResponse(response.body);
      } catch (error) {
        throw unreadable('protobuf', error);
      }
    case 'application/json':
      try {
        return readExportResponseJson(response.body.toString());
      } catch (error) {
        throw unreadable('json', error);
      }
    default:
      return undefined;
  }
}

function unreadable(format: string, error: unknown): PipelineError {
  return new PipelineError(`error parsing ${format} response: ${(error as Error).message}`, { kind: 'permanent', cause: error });
}

/** Destinations should explain errors with a google.rpc.Status; many do not. */
function readStatus(response: HttpResponse): ReceivedStatus | undefined {
  if (response.status < 400 || response.status > 599) return undefined;
  try {
    return contentType(response) === 'application/json' ? readRpcStatusJson(response.body.toString()) : readRpcStatus(response.body);
  } catch {
    return undefined;
  }
}

/** What a sender further up is told when nothing buffers in between. */
function grpcCodeOf(status: number): number {
  switch (status) {
    case 400:
      return grpcCode.invalidArgument;
    case 401:
      return grpcCode.unauthenticated;
    case 403:
      return grpcCode.permissionDenied;
    case 404:
      return grpcCode.unimplemented;
    case 429:
      return grpcCode.resourceExhausted;
    case 502:
    case 503:
    case 504:
      return grpcCode.unavailable;
    default:
      return grpcCode.unknown;
  }
}
