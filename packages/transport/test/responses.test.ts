import {
  encodeStatus,
  parseGrpcTarget,
  readExportResponse,
  readExportResponseJson,
  readRetryAfter,
  readRpcStatus,
  readRpcStatusJson,
  statusJson,
} from '@millrace/transport';
import { FakeClock } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';

describe('reading google.rpc.Status', () => {
  it('gives code, message, detail types and the delay', () => {
    const status = { code: 8, message: 'slow down ü', retryAfterMs: 61_500 };
    const expected = { code: 8, message: 'slow down ü', details: ['google.rpc.RetryInfo'], retryDelayMs: 61_500 };
    expect(readRpcStatus(encodeStatus(status))).toEqual(expected);
    expect(readRpcStatusJson(statusJson(status).toString())).toEqual(expected);
  });

  it('gives no delay that a timer cannot wait for', () => {
    const status = { code: 8, message: '', retryAfterMs: 400 * 86_400_000 };
    expect(readRpcStatus(encodeStatus(status)).retryDelayMs).toBe(2 ** 31 - 1);
    expect(readRpcStatusJson(statusJson(status).toString()).retryDelayMs).toBe(2 ** 31 - 1);
    const clock = new FakeClock();
    expect(readRetryAfter('99999999999999', clock)).toBe(2 ** 31 - 1);
    expect(readRetryAfter('Fri, 31 Dec 9999 23:59:59 GMT', clock)).toBe(2 ** 31 - 1);
    expect(readRetryAfter('-5', clock)).toBe(0);
  });

  it('gives an empty status for no bytes, and defaults for odd JSON', () => {
    const empty = { code: 0, message: '', details: [], retryDelayMs: undefined };
    expect(readRpcStatus(Buffer.alloc(0))).toEqual(empty);
    expect(readRpcStatusJson('{"code":"x","message":7,"details":{}}')).toEqual(empty);
    expect(() => readRpcStatusJson('null')).toThrow();
  });
});

const root = protobuf.parse(`syntax = "proto3";
  message Partial { int64 rejected = 1; string message = 2; }
  message Response { Partial partial_success = 1; fixed32 a = 5; fixed64 b = 6; uint64 c = 7; bytes d = 2000; }`).root;
const Response = root.lookupType('Response');

describe('reading an Export*ServiceResponse', () => {
  it('agrees with an independent writer', () => {
    fc.assert(
      fc.property(
        fc.record({
          rejected: fc.integer({ min: -5, max: 2 ** 31 }),
          message: fc.string({ unit: 'grapheme' }),
          a: fc.nat(),
          b: fc.nat(),
          d: fc.string(),
        }),
        ({ rejected, message, a, b, d }) => {
          const bytes = Response.encode(
            Response.fromObject({ partialSuccess: { rejected, message }, a, b, c: '18446744073709551615', d: Buffer.from(d) }),
          ).finish();
          const expected =
            rejected === 0 && message === '' ? undefined : { rejectedItems: rejected, message: Buffer.from(message).toString() };
          expect(readExportResponse(Buffer.from(bytes))).toEqual(expected);
        },
      ),
    );
  });

  it('never does anything but throw an Error for other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          readExportResponse(Buffer.from(bytes));
          readRpcStatus(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
          expect(error).not.toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it.each([
    ['{"partialSuccess":{"rejectedDataPoints":"7"}}', { rejectedItems: 7, message: '' }],
    ['{"partialSuccess":{"rejectedLogRecords":7,"errorMessage":"old"}}', { rejectedItems: 7, message: 'old' }],
    ['{"partialSuccess":null}', undefined],
    ['{"partialSuccess":{"rejectedSpans":null}}', undefined],
  ])('reads %s', (json, expected) => {
    expect(readExportResponseJson(json)).toEqual(expected);
  });
});

describe('reading a gRPC endpoint', () => {
  it.each([
    ['localhost:4317', { address: { host: 'localhost', port: 4317 }, authority: 'localhost:4317', scheme: undefined }],
    [':4317', { address: { host: 'localhost', port: 4317 }, authority: ':4317', scheme: undefined }],
    ['http://[::1]:4317', { address: { host: '::1', port: 4317 }, authority: '[::1]:4317', scheme: 'http' }],
    ['https://a.example:443', { address: { host: 'a.example', port: 443 }, authority: 'a.example:443', scheme: 'https' }],
    ['dns://8.8.8.8/a.example:1', { address: { host: 'a.example', port: 1 }, authority: 'a.example:1', scheme: undefined }],
    ['unix:///run/otel.sock', { address: { path: '/run/otel.sock' }, authority: 'localhost', scheme: undefined }],
  ])('understands %s', (endpoint, target) => {
    expect(parseGrpcTarget(endpoint)).toEqual(target);
  });
});
