import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { admitBytes, Batch, BufferPool, createBatch, key, keyPrefixes, keySet, MemoryLedger, noClient } from '@millrace/wire';

const newPool = (retainBytes?: number): BufferPool =>
  new BufferPool(new MemoryLedger(1_000_000), { poison: true, ...(retainBytes !== undefined && { retainBytes }) });

async function collectGarbage(until: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  while (!until()) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a buffer pool', () => {
  it('lends at least what is asked and wastes at most a third', () => {
    const pool = newPool();
    for (const size of [0, 1, 4096, 4097, 6144, 6145, 8192, 8193, 12_288, 12_289, 100_000, 1_000_001, 3 * 2 ** 20, 2 ** 23 + 1]) {
      using lease = pool.lease(size);
      expect(lease.buffer.length).toBeGreaterThanOrEqual(size);
      expect(lease.buffer.length).toBeLessThanOrEqual(Math.max(4096, size * 1.5));
      expect(pool.ledger.accounted).toBe(lease.buffer.length);
    }
    expect(pool.ledger.accounted).toBe(0);
  });

  it('lends shared memory, which other threads can read, and all of it', () => {
    using lease = newPool().lease(5000);
    expect(Object.prototype.toString.call(lease.buffer.buffer)).toBe('[object SharedArrayBuffer]');
    expect({ offset: lease.buffer.byteOffset, all: lease.buffer.buffer.byteLength }).toEqual({ offset: 0, all: 6144 });
  });

  it('refuses sizes that are none', () => {
    for (const size of [-1, Number.NaN, 2 ** 31, 2 ** 32 + 1]) expect(() => newPool().lease(size)).toThrow(RangeError);
  });

  it('lends a released buffer again, overwritten, and never one that is lent', () => {
    const pool = newPool();
    const first = pool.lease(5000);
    const { buffer } = first;
    buffer.fill(1);
    const second = pool.lease(5000);
    expect(second.buffer.buffer).not.toBe(buffer.buffer);
    first.release();
    expect(buffer.every((byte) => byte === 0xaa)).toBe(true);
    const third = pool.lease(6000);
    expect(third.buffer).toBe(buffer);
    second.release();
    third.release();
    expect(pool.ledger.accounted).toBe(0);
  });

  it('keeps no more free bytes than it may, and none after trim', () => {
    const pool = newPool(10_000);
    const leases = [1, 2, 3].map(() => pool.lease(4096));
    for (const lease of leases) lease.release();
    expect(pool.freeBytes).toBe(8192);
    using again = pool.lease(1);
    expect(pool.freeBytes).toBe(4096);
    pool.trim();
    expect(pool.freeBytes).toBe(0);
    expect(pool.ledger.accounted).toBe(again.buffer.length);
  });

  it('takes the bytes of lost leases and lost batches off the ledger when they are collected', async () => {
    const pool = newPool();
    (() => {
      pool.lease(5000).buffer.fill(7);
      const grown = pool.lease(10);
      grown.grow(9000, 10);
      createBatch('logs', pool.lease(5000), 0, 10, 1, noClient).hold().release();
    })();
    expect(pool.ledger.accounted).toBe(6144 + 12_288 + 6144);
    await collectGarbage(() => pool.ledger.accounted === 0);
    expect(pool.ledger.accounted).toBe(0);
    expect(pool.freeBytes).toBe(4096);
  });
});

describe('a lease', () => {
  it('is released once, however often it is asked to', () => {
    const pool = newPool();
    const lease = pool.lease(100);
    lease.release();
    lease.release();
    lease[Symbol.dispose]();
    expect({ accounted: pool.ledger.accounted, free: pool.freeBytes }).toEqual({ accounted: 0, free: 4096 });
    expect(() => lease.buffer).toThrow('after its release');
    expect(() => lease.grow(10_000, 0)).toThrow('after its release');
  });

  it('grows with its content, at least doubling', () => {
    const pool = newPool();
    using lease = pool.lease(4096);
    const small = lease.buffer;
    small.fill(3);
    lease.grow(4096, 4096);
    expect(lease.buffer).toBe(small);
    lease.grow(4097, 4096);
    expect(lease.buffer.length).toBe(8192);
    expect(lease.buffer.subarray(0, 4096).every((byte) => byte === 3)).toBe(true);
    expect(pool.ledger.accounted).toBe(8192);
    expect(small[0]).toBe(0xaa);
  });
});

describe('a batch', () => {
  const body = Buffer.from([10, 0, 10, 0]);

  it('lives as long as one of its handles', () => {
    const pool = newPool();
    const batch = admitBytes('traces', body, noClient, pool);
    const held = batch.hold();
    batch.release();
    batch.release();
    expect(() => batch.bytes).toThrow('reading a batch after its release');
    expect(() => batch.hold()).toThrow('reading a batch after its release');
    expect(held.bytes).toEqual(body);
    expect(pool.ledger.accounted).toBe(4096);
    held.release();
    expect(pool.ledger.accounted).toBe(0);
  });

  it('is released at the end of a using block, also by a throw', () => {
    const pool = newPool();
    expect(() => {
      using batch = admitBytes('traces', body, noClient, pool);
      throw new Error(`${batch.sizeBytes} bytes`);
    }).toThrow('4 bytes');
    expect(pool.ledger.accounted).toBe(0);
  });

  it('tells its signal, items, size, client and pool, and a held one may have another client', () => {
    const pool = newPool();
    using batch = createBatch('metrics', pool.lease(10), 2, 9, 5, noClient);
    expect(batch).toBeInstanceOf(Batch);
    expect({ signal: batch.signal, items: batch.items, size: batch.sizeBytes, length: batch.bytes.length }).toEqual({
      signal: 'metrics',
      items: 5,
      size: 7,
      length: 7,
    });
    expect(batch.pool).toBe(pool);
    const client = { metadata: new Map<string, string[]>() };
    using held = batch.hold(client);
    expect([batch.client, held.client]).toEqual([noClient, client]);
  });
});

describe('a memory ledger', () => {
  it('adds up leases and declared state and never has less than nothing left', () => {
    const ledger = new MemoryLedger(10_000);
    const [one, two] = [ledger.account(), ledger.account()];
    one.set(3000);
    two.set(4000);
    one.set(1000);
    expect([ledger.accounted, ledger.available, ledger.budget]).toEqual([5000, 5000, 10_000]);
    using lease = new BufferPool(ledger).lease(6000);
    expect(lease.buffer.length).toBe(6144);
    expect([ledger.accounted, ledger.available]).toEqual([11_144, 0]);
    one.set(0);
    two.set(0);
    expect(ledger.available).toBe(10_000 - 6144);
  });
});

describe('keys', () => {
  it('are one object a text', () => {
    expect(key('http.route')).toBe(key('http.route'));
    expect(key('größe').bytes).toEqual(new Uint8Array(Buffer.from('größe')));
  });

  it('are found in a set by bytes', () => {
    const set = keySet(['http.route', 'http.method', '', 'größe', 'http.route']);
    const buffer = Buffer.from('xhttp.routegrößex');
    expect(set.size).toBe(4);
    expect(set.has(buffer, 1, 11)).toBe(true);
    expect(set.has(buffer, 11, 18)).toBe(true);
    expect(set.has(buffer, 5, 5)).toBe(true);
    expect(set.has(buffer, 0, 10)).toBe(false);
    expect(set.has(buffer, 1, 9)).toBe(false);
  });

  it('are recognised by how they begin', () => {
    const prefixes = keyPrefixes(['gen_ai.', 'ge', 'größe']);
    const buffer = Buffer.from('gen_ai.xgrö');
    expect(prefixes.begins(buffer, 0, 8)).toBe(true);
    expect(prefixes.begins(buffer, 0, 2)).toBe(true);
    expect(prefixes.begins(buffer, 0, 1)).toBe(false);
    expect(prefixes.begins(buffer, 0, 0)).toBe(false);
    expect(prefixes.begins(buffer, 8, buffer.length)).toBe(false);
    expect(() => keyPrefixes([''])).toThrow('at least one byte');
  });
});
