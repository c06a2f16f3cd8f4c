import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Call, CallReader, readCall, tokenKinds } from '@millrace/genai';
import { testHost } from '@millrace/api/testing';
import { admitBytes, decodeMessageJson, noClient, requestMessage, walk } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { pass, plainOf, processor } from './run.ts';
import type { Json } from './run.ts';

const folder = join(import.meta.dirname, '..', '..', 'genai', 'testdata', 'spans');
const recordings = globSync('**/*.json', { cwd: folder })
  .sort()
  .map((file) => [basename(file, '.json'), requestsIn(JSON.parse(readFileSync(join(folder, file), 'utf8')))] as const)
  .filter(([, requests]) => requests.length > 0);

/** The trace requests anywhere in a recording. */
function requestsIn(value: Json): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value.resourceSpans)) return value.resourceSpans.length > 0 ? [value] : [];
  return Object.values(value).flatMap(requestsIn);
}

const { pool } = testHost();
const reader = new CallReader();

/** What the canonical record says of every span of a request. */
function meanings(request: Json): object[] {
  const bytes = Buffer.from(decodeMessageJson(requestMessage.traces, Buffer.from(JSON.stringify(request))));
  using batch = admitBytes('traces', bytes, noClient, pool);
  const found: object[] = [];
  walk([{ onSpan: (span) => void found.push(meaningOf(reader.readSpan(span))) }], (_, error) => {
    throw error;
  }).run(batch);
  return found;
}

function meaningOf(call: Call): object {
  const usage = Object.fromEntries(tokenKinds.map((kind) => [kind, call.usage.get(kind)]));
  const { level, operation, provider, model, streamed, errorType } = call;
  return { level, operation, provider, model, streamed, errorType, known: call.usage.known, usage };
}

/** The same without what millrace added and without the scope, which may tell the dialect. */
function standardMeanings(request: Json): object[] {
  return spansOf(request).map((span) => {
    const attributes = Object.entries(plainOf(span.attributes)).filter(([name]) => !name.startsWith('millrace.'));
    return meaningOf(readCall(Object.fromEntries(attributes), new Call(), { name: span.name, statusCode: span.status?.code ?? 0 }));
  });
}

function spansOf(request: Json): Json[] {
  return request.resourceSpans.flatMap((resource: Json) => resource.scopeSpans.flatMap((scope: Json) => scope.spans));
}

/** The times to live of cache writes have no standard names. */
function withoutLifetimes(meaning: Json): Json {
  const { cache_write: any, cache_write_5m: short, cache_write_1h: long, ...usage } = meaning.usage;
  return { ...meaning, usage: { ...usage, cache_write: any + short + long } };
}

const visitors = Object.fromEntries(
  await Promise.all(['latest', '1.37', '1.36', 'keep'].map(async (emit) => [emit, await processor({ emit })] as const)),
);

describe.each(recordings)('Spans recorded from %s', (_, requests) => {
  it.each(['latest', '1.37', '1.36', 'keep'])('mean the same emitted as %s, and settle', (emit) => {
    const visitor = visitors[emit]!;
    for (const request of requests) {
      const output = pass(visitor, 'traces', request);
      expect(meanings(output)).toEqual(meanings(request));
      expect(pass(visitor, 'traces', output)).toEqual(output);
    }
  });

  it.each(['latest', '1.37', '1.36'])('mean the same to who reads only the names of %s', (emit) => {
    const visitor = visitors[emit]!;
    for (const request of requests) {
      expect(standardMeanings(pass(visitor, 'traces', request)).map(withoutLifetimes)).toEqual(meanings(request).map(withoutLifetimes));
    }
  });

  it('have well-formed messages', () => {
    const visitor = visitors['latest']!;
    for (const request of requests) {
      for (const span of spansOf(pass(visitor, 'traces', request))) {
        const attributes = plainOf(span.attributes);
        for (const name of ['gen_ai.input.messages', 'gen_ai.output.messages']) {
          if (typeof attributes[name] !== 'string') continue;
          for (const message of JSON.parse(attributes[name])) {
            expect(message).toMatchObject({ role: expect.any(String), parts: expect.any(Array) });
            for (const part of message.parts) expect(part).toMatchObject({ type: expect.any(String) });
          }
        }
      }
    }
  });
});
