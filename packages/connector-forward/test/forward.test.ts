import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { Consumer } from '@millrace/api';
import { exampleBatch, Sink, testContext, testHost } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

function forwardTo(...next: Consumer[]) {
  const context = testContext({ kind: 'connector' });
  const stage = factory.create({}, new Map(next.map((consumer, i) => [`traces/${i}`, consumer])), context);
  const host = testHost();
  const send = async (): Promise<void> => {
    using batch = exampleBatch(host.pool, 'traces', 10);
    await stage.consume(batch);
  };
  return { stage, host, items: context.items, send };
}

function refusing(kind: 'permanent' | 'retryable', later = false): Consumer {
  const error = new PipelineError(kind, { kind });
  return {
    consume: () => {
      if (later) return Promise.reject(error);
      throw error;
    },
    refusing: () => error,
  };
}

describe('Forward', () => {
  it('supports each signal with itself only', () => {
    expect(Object.entries(factory.signals).map(([from, to]) => [from, Object.keys(to)])).toEqual([
      ['traces', ['traces']],
      ['metrics', ['metrics']],
      ['logs', ['logs']],
      ['profiles', ['profiles']],
    ]);
  });

  it('hands a batch to every pipeline behind it', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send, items, host } = forwardTo(a, b);
    await send();
    expect([a.items, b.items, items.created, host.memory.accounted]).toEqual([10, 10, 10, 0]);
  });

  it('drops and counts what one pipeline refuses and another one took', async () => {
    const sink = new Sink();
    const { send, items } = forwardTo(refusing('permanent'), sink, refusing('retryable', true));
    await send();
    expect(sink.items).toBe(10);
    expect(items.dropped).toEqual({ permanent: 10, refused: 10 });
    expect(items.created).toBe(20);
  });

  it('refuses what no pipeline took, for now when one of them might take it later', async () => {
    const mixed = forwardTo(refusing('permanent'), refusing('retryable', true));
    await expect(mixed.send()).rejects.toThrow('retryable');
    const hopeless = forwardTo(refusing('permanent'), refusing('permanent'));
    await expect(hopeless.send()).rejects.toThrow('permanent');
    expect(mixed.items.dropped).toEqual({});
  });

  it('announces a refusal only while every pipeline refuses', () => {
    expect(forwardTo(refusing('retryable'), refusing('retryable')).stage.refusing?.()?.message).toBe('retryable');
    expect(forwardTo(refusing('retryable'), new Sink()).stage.refusing?.()).toBeUndefined();
  });
});
