import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../src/migrations.ts';
import { historyFile } from '../src/index.ts';
import { newDirectory, open, pointsOf, removeDirectories, startMs, write } from './rig.ts';

afterAll(removeDirectories);

const asideIn = (directory: string): string[] => readdirSync(directory).filter((name) => name.includes('.damaged-'));

describe('A file that cannot be used', () => {
  it.each([
    ['is no database', (file: string) => writeFileSync(file, 'something else entirely, and more of it than a header')],
    ['was cut', (file: string) => truncateSync(file, 20_000)],
    [
      'has rubbish in its pages',
      (file: string) => {
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0x5a, 100, bytes.length));
      },
    ],
    [
      'is of a newer version',
      (file: string) => {
        const database = new DatabaseSync(file);
        database.exec(`pragma user_version = ${migrations.length + 1}`);
        database.close();
      },
    ],
  ])('because it %s is set aside, and a new one begun', async (_, damage) => {
    const first = await open();
    await write(first.store, 'x', [[startMs, 1]]);
    await first.store.vacuum();
    await first.store.close();
    damage(join(first.directory, historyFile));
    const { store, directory, warnings } = await open({ directory: first.directory });
    expect(asideIn(directory).length).toBe(1);
    expect(warnings).toMatchObject([{ message: 'A file of history that cannot be used was set aside.' }]);
    expect(await pointsOf(store, 'x')).toEqual([]);
    await write(store, 'x', [[startMs, 2]]);
    expect(await pointsOf(store, 'x')).toEqual([[startMs, 2]]);
    await store.close();
  });

  it('of version 1 gets what newer versions have, with all that is in it', async () => {
    const directory = newDirectory();
    const older = new DatabaseSync(join(directory, historyFile));
    older.exec(`${migrations[0]!}; pragma user_version = 1`);
    // A block as that version wrote it: a count, the times, the values, the series.
    const block = new Uint8Array(8 + 20);
    const view = new DataView(block.buffer);
    view.setUint32(0, 1, true);
    view.setFloat64(8, startMs, true);
    view.setFloat64(16, 41, true);
    view.setUint32(24, 1, true);
    older.prepare('insert into series(id, hash, kind, labels) values (1, 0, 0, ?)').run('["__name__","old"]');
    older.exec("insert into pairs(id, name, value) values (1, '__name__', 'old'); insert into postings(pair, series) values (1, 1)");
    older.prepare('insert into blocks(start_ms, end_ms, points, bytes) values (?, ?, 1, ?)').run(startMs, startMs, block);
    older.close();
    const { store, warnings } = await open({ directory });
    expect(warnings).toEqual([]);
    expect((await store.info()).version).toBe(migrations.length);
    expect(await pointsOf(store, 'old')).toEqual([[startMs, 41]]);
    await store.compact();
    expect(await pointsOf(store, 'old')).toEqual([[startMs, 41]]);
    expect(await store.metrics.exemplars({ matchers: [], startMs: 0, endMs: startMs })).toEqual([]);
    await store.close();
  });
});

describe('A file that is damaged while it is open', () => {
  it('is set aside; what is appended then is refused once, and series are announced again', async () => {
    const first = await open();
    for (let i = 0; i < 200; i++) await write(first.store, `name_${i}`, [[startMs, i]]);
    await first.store.vacuum();
    await first.store.close();
    const { store, directory, warnings } = await open({ directory: first.directory });
    expect(await pointsOf(store, 'name_7')).toEqual([[startMs, 7]]);
    const { generation } = store;
    const file = join(directory, historyFile);
    // All but what was read at the start.
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 4 * 16_384));
    let refused = 0;
    for (let i = 0; i < 400 && store.generation === generation; i++) await write(store, `name_${i}`, [[startMs, i]]).catch(() => refused++);
    expect(refused).toBe(1);
    expect(store.generation).toBe(generation + 1);
    expect(asideIn(directory).length).toBeGreaterThan(0);
    expect(warnings.map(({ message }) => message)).toEqual(['A file of history that cannot be used was set aside.']);
    await write(store, 'after', [[startMs, 1]]);
    expect(await pointsOf(store, 'after')).toEqual([[startMs, 1]]);
    expect(await pointsOf(store, 'name_7')).toEqual([]);
    await store.close();
  });
});

describe('A block that cannot be read', () => {
  it('is told with the next maintenance, and new points are taken', async () => {
    const first = await open();
    await write(first.store, 'x', [[startMs, 1]]);
    await first.store.close();
    const database = new DatabaseSync(join(first.directory, historyFile));
    database
      .prepare('insert into blocks(start_ms, end_ms, points, bytes) values (?, ?, 600000, ?)')
      .run(startMs, startMs, Buffer.alloc(8, 0xff));
    database.close();
    const { store, clock, warnings } = await open({ directory: first.directory });
    await write(store, 'y', [[startMs, 2]]);
    await clock.advance(60_000);
    expect(warnings).toMatchObject([
      { message: 'Maintenance of history failed.', attributes: { error: 'PipelineError: a block of points ends too soon' } },
    ]);
    await write(store, 'y', [[startMs + 1, 3]]);
    await store.close();
  });
});

describe('A directory', () => {
  it('has one store at a time', async () => {
    const { store, directory } = await open();
    await expect(open({ directory })).rejects.toThrow('is in use by another process or store');
    await expect(open({ directory, threads: true })).rejects.toThrow('is in use by another process or store');
    await store.close();
    const { store: next } = await open({ directory });
    await next.close();
  });

  it('may be synchronous with its device', async () => {
    const { store } = await open({ fsync: true });
    await write(store, 'x', [[startMs, 1]]);
    expect(await pointsOf(store, 'x')).toEqual([[startMs, 1]]);
    await store.close();
  });
});

describe('A point of a series that was never announced', () => {
  it('is refused alone', async () => {
    const { store } = await open({ threads: true });
    const batch = store.batch();
    batch.points.add(99, startMs, 1);
    const bad = batch.commit();
    const good = write(store, 'x', [[startMs, 1]]);
    await expect(bad).rejects.toMatchObject({ kind: 'permanent', message: 'series 99 was never announced' });
    await good;
    expect(await pointsOf(store, 'x')).toEqual([[startMs, 1]]);
    await store.close();
  });

  it('may have the number of one that is gone, which names another series then', async () => {
    const { store } = await open();
    const batch = store.batch();
    const handle = batch.series([['__name__', 'first']], 0);
    batch.points.add(handle, startMs, 1);
    batch.release(handle);
    const one = batch.commit();
    expect(batch.series([['__name__', 'second']], 0)).toBe(handle);
    batch.points.add(handle, startMs, 2);
    await Promise.all([one, batch.commit()]);
    expect([await pointsOf(store, 'first'), await pointsOf(store, 'second')]).toEqual([[[startMs, 1]], [[startMs, 2]]]);
    await store.close();
  });
});
