import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { replayLog } from '@millrace/extension-file-storage';
import { filesOf, newDirectory } from './files.ts';
import { namesOf, openTraces } from './storage-rig.ts';

describe('a log', () => {
  it('gives the next run what was not acknowledged, in order, with the client’s metadata', async () => {
    const directory = newDirectory();
    const first = await openTraces(directory);
    const client = { metadata: new Map([['x-tenant', ['a', 'ü']], ['empty', []]]), address: '127.0.0.1' }; // prettier-ignore
    const stored = [await first.append(0), await first.append(2, 3, client), await first.append(10), await first.append(20)];
    expect(stored.map(({ items }) => items)).toEqual([2, 3, 2, 2]);
    await first.log.acknowledge(stored[2]!);
    await first.close();

    const second = await openTraces(directory);
    expect(await second.readAll()).toEqual([namesOf(0), namesOf(2, 3), namesOf(20)]);
    expect(second.log.recovered.map(({ sizeBytes }) => sizeBytes)).toEqual([
      stored[0]!.sizeBytes,
      stored[1]!.sizeBytes,
      stored[3]!.sizeBytes,
    ]);
    using batch = await second.log.read(second.log.recovered[1]!);
    expect(batch.client).toEqual({ metadata: client.metadata });
    expect([batch.signal, batch.items]).toEqual(['traces', 3]);
    await second.close();
  });

  it('keeps the bytes as they are', async () => {
    const directory = newDirectory();
    const { append, logDirectory, close, log, pool } = await openTraces(directory);
    const stored = await append(7, 5);
    using batch = await log.read(stored);
    const [file = ''] = filesOf(logDirectory);
    expect(readFileSync(join(logDirectory, file)).includes(batch.bytes)).toBe(true);
    batch.release();
    expect(pool.ledger.accounted).toBe(0);
    await close();
  });

  it('holds concurrent batches in the order of their arrival', async () => {
    const directory = newDirectory();
    const first = await openTraces(directory, { fsync: true });
    await Promise.all(Array.from({ length: 500 }, (_, i) => first.append(i * 2)));
    await first.close();
    const second = await openTraces(directory);
    expect(await second.readAll()).toEqual(Array.from({ length: 500 }, (_, i) => namesOf(i * 2)));
    await second.close();
  });

  it('is named as the Collector names its files', async () => {
    const directory = newDirectory();
    const { logDirectory, close } = await openTraces(directory, {}, 'a/b~');
    expect(filesOf(directory)).toEqual(['exporter_otlp_http_x_a~002Fb~007E']);
    expect(logDirectory).not.toBe('');
    await close();
    const long = await openTraces(directory, {}, 'x'.repeat(300));
    expect(filesOf(directory).some((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    await long.close();
  });

  it('goes on in a new file at segment_size_mib and deletes a file when all in it is acknowledged, whatever the order', async () => {
    const directory = newDirectory();
    const { append, log, logDirectory, close } = await openTraces(directory, { segment_size_mib: 0.01 });
    const stored: Awaited<ReturnType<typeof append>>[] = [];
    while (filesOf(logDirectory).length < 4) stored.push(await append(stored.length * 2));
    const bySegment = Map.groupBy(stored, (record) => (record as unknown as { segment: unknown }).segment);
    const [one, two, three] = [...bySegment.values()];
    for (const record of two!) await log.acknowledge(record);
    expect(filesOf(logDirectory)).toHaveLength(3);
    for (const record of one!) await log.acknowledge(record);
    expect(filesOf(logDirectory)).toHaveLength(2);
    await log.acknowledge(three![0]!);
    expect(filesOf(logDirectory).filter((name) => name.endsWith('.ack'))).toHaveLength(1);
    await close();
    const again = await openTraces(directory, { segment_size_mib: 0.01 });
    expect(again.log.recovered).toHaveLength(stored.length - one!.length - two!.length - 1);
    for (const record of again.log.recovered) await again.log.acknowledge(record);
    await again.close();
    expect(filesOf(logDirectory)).toEqual([]);
  });

  it('remembers acknowledgements of several runs', async () => {
    const directory = newDirectory();
    const first = await openTraces(directory);
    for (let i = 0; i < 6; i++) await first.append(i * 2);
    await first.close();
    for (let left = 6; left > 0; left--) {
      const run = await openTraces(directory);
      expect(await run.readAll()).toEqual(Array.from({ length: left }, (_, i) => namesOf((6 - left + i) * 2)));
      await run.log.acknowledge(run.log.recovered[0]!);
      await run.close();
    }
    const last = await openTraces(directory);
    expect(filesOf(last.logDirectory)).toEqual([]);
    await last.close();
  });

  it('refuses for the moment what is beyond max_size_mib, and takes more when space is given back', async () => {
    const { append, log, close, context } = await openTraces(newDirectory(), { max_size_mib: 0.02, segment_size_mib: 0.01 });
    const stored: Awaited<ReturnType<typeof append>>[] = [];
    const refused: unknown = await (async () => {
      for (;;) stored.push(await append(0));
    })().catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'PipelineError', kind: 'retryable', message: 'storage is full' });
    expect(stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(0.02 * 1024 * 1024);
    for (const record of stored) await log.acknowledge(record);
    await append(0);
    expect(context.lines).toEqual([]);
    await close();
  });

  it('does not touch what an earlier run left when it only appends', async () => {
    const directory = newDirectory();
    for (let run = 0; run < 3; run++) {
      const { append, log, close } = await openTraces(directory, {}, 'traces_dead_letter', true);
      expect(log.recovered).toEqual([]);
      await append(run * 2);
      await close();
    }
    const reader = await openTraces(directory, {}, 'traces_dead_letter');
    expect(await reader.readAll()).toEqual([namesOf(0), namesOf(2), namesOf(4)]);
    await reader.close();
  });

  it('refuses for good what is larger than all of it', async () => {
    const { append, close } = await openTraces(newDirectory(), { max_size_mib: 0.02, segment_size_mib: 0.01 });
    await expect(append(0, 1_000)).rejects.toMatchObject({ kind: 'permanent', message: 'element size too large' });
    await close();
  });

  it('has room again when others delete what it only appends', async () => {
    const directory = newDirectory();
    const settings = { max_size_mib: 0.02, segment_size_mib: 0.01 };
    const first = await openTraces(directory, settings, 'traces_dead_letter', true);
    await first.append(0, 50);
    await first.close();
    const run = await openTraces(directory, settings, 'traces_dead_letter', true);
    const refused: unknown = await (async () => {
      for (;;) await run.append(0, 50);
    })().catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: 'storage is full' });
    const replayed = await replayLog(run.logDirectory, () => Promise.resolve(true));
    expect(replayed.delivered).toBeGreaterThan(1);
    // It looks once a second.
    const realNow = Date.now;
    Date.now = () => realNow() + 1_000;
    try {
      await run.append(0, 50);
    } finally {
      Date.now = realNow;
    }
    await run.close();
  });

  it('refuses batches once it is closed', async () => {
    const { append, log, close } = await openTraces(newDirectory());
    await Promise.all([log.close(), log.close()]);
    await expect(append(0)).rejects.toMatchObject({ message: 'storage is closed', kind: 'retryable' });
    await close();
  });

  it('stands beside the queue file of another collector', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'exporter_otlp_http_x_traces'), 'bbolt');
    const first = await openTraces(directory);
    await first.append(4);
    await first.close();
    expect(first.context.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('left alone') }]);
    const second = await openTraces(directory);
    expect(await second.readAll()).toEqual([namesOf(4)]);
    await second.close();
    expect(statSync(join(directory, 'exporter_otlp_http_x_traces')).size).toBe(5);
  });
});
