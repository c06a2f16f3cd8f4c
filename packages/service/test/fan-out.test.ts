import { PipelineError } from '@millrace/api';
import type { Consumer } from '@millrace/api';
import { FakeClock, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import { admitBytes, noClient } from '@millrace/wire';
import type { Batch } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { traces } from '../../../test/payloads.ts';
import { FanOut } from '../src/fan-out.ts';
import { Ledger } from '../src/item-ledger.ts';

const full = new PipelineError('sending queue is full', { kind: 'retryable' });
const poison = new PipelineError('not retryable', { kind: 'permanent' });

function setup(branches: readonly Consumer[], budgetBytes?: number) {
  const host = testHost(budgetBytes);
  const clock = new FakeClock();
  const ledger = new Ledger();
  const { logger, lines } = testContext();
  const entries = branches.map((_, i) => ledger.open(`branch ${i}`));
  const fanOut = new FanOut(
    branches.map((next, i) => ({ next, entry: entries[i] })),
    logger,
    clock,
  );
  fanOut.start(host);
  const send = async (n: number, seed = 1): Promise<void> => {
    using batch: Batch = admitBytes('traces', traces(n, { seed }), noClient, host.pool);
    await fanOut.consume(batch);
  };
  return { host, clock, ledger, entries, fanOut, send, lines };
}

const refuseWith = (error: Error) => (): never => {
  throw error;
};

describe('FanOut', () => {
  it('gives every branch the same bytes', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send, host, ledger } = setup([a, b]);
    await send(3);
    expect(a.requests).toEqual([traces(3, { seed: 1 })]);
    expect(b.requests).toEqual(a.requests);
    expect(host.memory.accounted).toBe(0);
    expect(ledger.imbalances()).toEqual([]);
  });

  it('delivers to a healthy branch once while a dead one is down for ten minutes, then to the dead one in order', async () => {
    const [healthy, dead] = [new Sink(), new Sink()];
    const { send, clock, host, ledger, entries } = setup([healthy, dead]);
    dead.before = refuseWith(full);
    const sent: Buffer[] = [];
    for (let minute = 0; minute < 10; minute++) {
      await send(2, minute + 1);
      sent.push(traces(2, { seed: minute + 1 }));
      await clock.advance(60_000);
    }
    expect(healthy.requests).toEqual(sent);
    expect(dead.requests).toEqual([]);
    expect(entries[1].held).toBe(20);
    dead.before = undefined;
    await clock.advance(5_000);
    expect(dead.requests).toEqual(sent);
    expect(healthy.requests).toEqual(sent);
    expect(ledger.imbalances()).toEqual([]);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops what waits for a branch as queue_full once the byte budget is spent', async () => {
    const [healthy, dead] = [new Sink(), new Sink()];
    const { send, entries, ledger, lines } = setup([healthy, dead], 8192);
    dead.before = refuseWith(full);
    for (let i = 0; i < 4; i++) await send(1, i + 1);
    expect(healthy.items).toBe(4);
    expect(entries[1].dropped['queue_full']).toBeGreaterThan(0);
    expect(ledger.imbalances()).toEqual([]);
    expect(lines.some(({ message }) => message.startsWith('Dropping data'))).toBe(true);
  });

  it('refuses the sender when no branch takes the batch, retryably if any branch could take it later', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send, ledger, host } = setup([a, b]);
    a.before = refuseWith(poison);
    b.before = refuseWith(full);
    await expect(send(1)).rejects.toMatchObject({ kind: 'retryable' });
    b.before = refuseWith(poison);
    await expect(send(1)).rejects.toMatchObject({ kind: 'permanent' });
    expect(ledger.entries.every((entry) => entry.in === 0)).toBe(true);
    expect(host.memory.accounted).toBe(0);
  });

  it('drops for a branch that refuses permanently and keeps nothing for it', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send, entries, host } = setup([a, b]);
    b.before = refuseWith(poison);
    await send(5);
    expect(entries[1].dropped).toEqual({ permanent: 5 });
    expect(host.memory.accounted).toBe(0);
  });

  it('makes the sender wait for a branch that blocks', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send } = setup([a, b]);
    const { promise, resolve } = Promise.withResolvers<void>();
    b.before = () => promise;
    let done = false;
    const sending = send(1).then(() => (done = true));
    await settle();
    expect([a.items, done]).toEqual([1, false]);
    resolve();
    await sending;
    expect(b.items).toBe(1);
  });

  it('keeps a batch for a branch that blocks and then refuses', async () => {
    const [a, b] = [new Sink(), new Sink()];
    const { send, clock } = setup([a, b]);
    b.before = () => Promise.reject(full);
    await send(1);
    b.before = undefined;
    await clock.advance(1_000);
    expect([a.items, b.items]).toEqual([1, 1]);
  });

  it('says that it refuses only while every branch does', async () => {
    const refusing = (error: PipelineError | undefined): Consumer => ({ consume: () => undefined, refusing: () => error });
    expect(setup([refusing(full), refusing(undefined)]).fanOut.refusing()).toBeUndefined();
    expect(setup([refusing(full), refusing(full)]).fanOut.refusing()).toBe(full);
  });

  it('offers what waits once more on shutdown, and drops and counts the rest', async () => {
    const [a, b, c] = [new Sink(), new Sink(), new Sink()];
    const { send, fanOut, entries, host, ledger } = setup([a, b, c]);
    b.before = refuseWith(full);
    c.before = refuseWith(full);
    await send(4);
    b.before = undefined;
    await fanOut.shutdown(AbortSignal.timeout(1_000));
    expect(b.items).toBe(4);
    expect(entries[2].dropped).toEqual({ shutdown: 4 });
    expect(ledger.imbalances()).toEqual([]);
    expect(host.memory.accounted).toBe(0);
  });
});
