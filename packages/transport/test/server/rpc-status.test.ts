import { PipelineError } from '@millrace/api';
import { encodeStatus, grpcCode, httpStatusOf, retryAfterSeconds, statusJson, statusOfError } from '@millrace/transport';
import { WireError } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';

const proto = protobuf.parse(`
  syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }`).root;
const read = (type: string, bytes: Uint8Array) => {
  const message = proto.lookupType(`google.rpc.${type}`);
  return message.toObject(message.decode(bytes), { longs: Number, defaults: true });
};

describe('A status', () => {
  it('of an error of the pipeline is its own code, or tells whether to send again', () => {
    expect(statusOfError(new PipelineError('later', { kind: 'retryable' }))).toEqual({ code: grpcCode.unavailable, message: 'later' });
    expect(statusOfError(new PipelineError('never', { kind: 'permanent' }))).toEqual({
      code: grpcCode.internal,
      message: 'Permanent error: never',
    });
    expect(statusOfError(new PipelineError('full', { kind: 'retryable', grpcCode: 8, retryAfterMs: 1500 }))).toEqual({
      code: grpcCode.resourceExhausted,
      message: 'full',
      retryAfterMs: 1500,
    });
    expect(statusOfError(new WireError('truncated', 7, 'resource_spans'))).toEqual({
      code: grpcCode.invalidArgument,
      message: 'truncated at byte 7 in resource_spans',
    });
    expect(statusOfError(new TypeError('bug'))).toEqual({ code: grpcCode.unavailable, message: 'bug' });
    expect(statusOfError('text')).toEqual({ code: grpcCode.unavailable, message: 'text' });
    expect(statusOfError(undefined)).toEqual({ code: grpcCode.unavailable, message: 'undefined' });
  });

  it('is a google.rpc.Status with a RetryInfo', () => {
    expect(read('Status', encodeStatus({ code: 14, message: 'später' }))).toEqual({ code: 14, message: 'später', details: [] });
    const long = 'x'.repeat(300);
    const status = read('Status', encodeStatus({ code: 8, message: long, retryAfterMs: 200_250 })) as {
      message: string;
      details: { type_url: string; value: Uint8Array }[];
    };
    expect(status.message).toBe(long);
    expect((status as unknown as { details: { typeUrl: string }[] }).details[0]!.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
    expect(read('RetryInfo', status.details[0]!.value)).toEqual({ retryDelay: { seconds: 200, nanos: 250_000_000 } });
  });

  it('has a JSON form', () => {
    expect(JSON.parse(String(statusJson({ code: 3, message: 'bad' })))).toEqual({ code: 3, message: 'bad' });
    expect(JSON.parse(String(statusJson({ code: 14, message: 'busy', retryAfterMs: 1500 })))).toEqual({
      code: 14,
      message: 'busy',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' }],
    });
  });

  it('has an HTTP status', () => {
    const table = Object.fromEntries(Object.entries(grpcCode).map(([name, code]) => [name, httpStatusOf(code)]));
    expect(table).toEqual({
      ok: 500,
      cancelled: 503,
      unknown: 500,
      invalidArgument: 400,
      deadlineExceeded: 503,
      notFound: 500,
      alreadyExists: 500,
      permissionDenied: 403,
      resourceExhausted: 429,
      failedPrecondition: 500,
      aborted: 503,
      outOfRange: 503,
      unimplemented: 404,
      internal: 500,
      unavailable: 503,
      dataLoss: 503,
      unauthenticated: 401,
    });
  });

  it('tells whole seconds to wait only with 429 and 503', () => {
    expect(retryAfterSeconds({ code: grpcCode.unavailable, message: '', retryAfterMs: 1001 })).toBe(2);
    expect(retryAfterSeconds({ code: grpcCode.resourceExhausted, message: '', retryAfterMs: 0 })).toBe(1);
    expect(retryAfterSeconds({ code: grpcCode.unavailable, message: '' })).toBeUndefined();
    expect(retryAfterSeconds({ code: grpcCode.internal, message: '', retryAfterMs: 1000 })).toBeUndefined();
  });
});
