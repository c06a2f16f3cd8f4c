import { describe, expect, it } from '@jest/globals';
import { isSampled } from '../src/tracing/sampler.ts';
import { newId, readTraceContext, traceHeaders } from '../src/tracing/trace-context.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('W3C trace context', () => {
  it('is read from headers of every form, and written', () => {
    for (const headers of [
      { traceparent },
      { Traceparent: ` ${traceparent} ` },
      new Headers({ traceparent }),
      { traceparent: [traceparent] },
    ]) {
      expect(traceHeaders(readTraceContext(headers)!)).toEqual({ traceparent });
    }
    expect(traceHeaders(readTraceContext({ traceparent, tracestate: 'a=1,b=2' })!)).toEqual({ traceparent, tracestate: 'a=1,b=2' });
    expect(readTraceContext({ traceparent: `cc-${traceparent.slice(3)}-what-the-future-will-be-like` })).toMatchObject({
      traceFlags: 1,
      isRemote: true,
    });
  });

  it.each([
    '',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  ])('that is wrong begins a trace of its own: %j', (text) => {
    expect(readTraceContext({ traceparent: text })).toBeUndefined();
  });

  it('leaves out a state that is too long', () => {
    expect(readTraceContext({ traceparent, tracestate: 'x'.repeat(513) })!.traceState).toBeUndefined();
  });
});

describe('Sampling', () => {
  const ids = Array.from({ length: 20_000 }, () => newId(16));

  it.each([0, 0.1, 0.5, 1])('keeps the share %d of new traces', (ratio) => {
    const kept = ids.filter((id) => isSampled({ ratio, parentBased: true }, id, undefined)).length / ids.length;
    expect(Math.abs(kept - ratio)).toBeLessThan(ratio === 0 || ratio === 1 ? 1e-9 : 0.03);
  });

  it('keeps with a larger share whatever it keeps with a smaller one', () => {
    for (const id of ids) {
      if (isSampled({ ratio: 0.1, parentBased: true }, id, undefined))
        expect(isSampled({ ratio: 0.3, parentBased: true }, id, undefined)).toBe(true);
    }
  });

  it('follows the parent, unless it is told not to', () => {
    const [kept, lost] = [{ traceFlags: 1 }, { traceFlags: 0 }];
    expect(isSampled({ ratio: 0, parentBased: true }, ids[0]!, kept)).toBe(true);
    expect(isSampled({ ratio: 1, parentBased: true }, ids[0]!, lost)).toBe(false);
    expect(isSampled({ ratio: 1, parentBased: false }, ids[0]!, lost)).toBe(true);
  });
});
