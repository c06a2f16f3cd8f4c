import { describe, expect, it } from '@jest/globals';
import { PipelineError } from '@millrace/api';
import type { BatchLog, StoredBatch } from '@millrace/api';
import { testContext } from '@millrace/api/testing';
import { StateLog } from '@millrace/state-log';
import { admitBytes, BufferPool, MemoryLedger, noClient } from '@millrace/wire';

const pool = new BufferPool(new MemoryLedger(2 ** 24));

/** What several runs share: bytes by the order of their coming. */
class Device {
  readonly records = new Map<StoredBatch, Buffer>();

  open(append?: () => void): BatchLog {
    return {
      recovered: [...this.records.keys()],
      append: async (batch) => {
        append?.();
        const stored = { items: batch.items, sizeBytes: 0 };
        this.records.set(stored, Buffer.from(batch.bytes));
        return stored;
      },
      read: async (stored) => {
        const bytes = this.records.get(stored)!;
        if (bytes.length === 0) throw new PipelineError('damaged', { kind: 'permanent' });
        return admitBytes('logs', bytes, noClient, pool);
      },
      acknowledge: async (stored) => void this.records.delete(stored),
      close: async () => undefined,
    };
  }
}

const texts = (records: readonly Buffer[]): string[] => records.map(String);
const buffers = (...records: string[]): Buffer[] => records.map((text) => Buffer.from(text));

describe('A log of state', () => {
  it('gives the next run what this one appended, in order', async () => {
    const device = new Device();
    const log = new StateLog(device.open(), pool, 'what was seen');
    await log.append(buffers('a', 'b'));
    await log.append(buffers('c'));
    await log.close();
    const { logger } = testContext({ id: 'test' });
    expect(texts(await new StateLog(device.open(), pool, 'what was seen').recover(logger))).toEqual(['a', 'b', 'c']);
  });

  it('forgets what was there once all is written anew, not before', async () => {
    const device = new Device();
    let isFull = false;
    const refuse = (): void => {
      if (isFull) throw new PipelineError('full', { kind: 'retryable' });
    };
    const log = new StateLog(device.open(refuse), pool, 'what was seen');
    const { logger } = testContext({ id: 'test' });
    await log.append(buffers('a', 'b'));
    isFull = true;
    await expect(log.rewrite(buffers('c'))).rejects.toThrow('full');
    expect(texts(await log.recover(logger))).toEqual(['a', 'b']);
    isFull = false;
    await log.rewrite(buffers('c'));
    expect(texts(await log.recover(logger))).toEqual(['c']);
  });

  it('is long when there are many more records than the last rewriting made', async () => {
    const log = new StateLog(new Device().open(), pool, 'what was seen');
    await log.append(Array.from({ length: 64 }, () => Buffer.from('a')));
    expect(log.isLong).toBe(false);
    await log.append(buffers('b'));
    expect(log.isLong).toBe(true);
    await log.rewrite(buffers('c'));
    expect(log.isLong).toBe(false);
  });

  it('leaves out a record that cannot be read, and says so', async () => {
    const device = new Device();
    const log = new StateLog(device.open(), pool, 'what was seen');
    await log.append(buffers('a', 'b'));
    const [first] = device.records.keys();
    device.records.set(first!, Buffer.alloc(0));
    const context = testContext({ id: 'test' });
    expect(texts(await new StateLog(device.open(), pool, 'what was seen').recover(context.logger))).toEqual(['b']);
    expect(context.lines.map(({ message }) => message)).toEqual(['A record of what was seen cannot be read; what it says is missing.']);
  });
});
