import { cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { filesOf, newDirectory } from './files.ts';
import { namesOf, openTraces } from './storage-rig.ts';

const logOf = (directory: string): string => join(directory, 'exporter_otlp_http_x_traces');

/** A storage directory with one segment of so many batches of one item, and where each record starts. */
async function written(batches: number): Promise<{ directory: string; file: string; starts: number[]; bytes: Buffer }> {
  const directory = newDirectory();
  const { append, close } = await openTraces(directory);
  for (let i = 0; i < batches; i++) await append(i, 1);
  await close();
  const [file = ''] = filesOf(logOf(directory));
  const bytes = readFileSync(join(logOf(directory), file));
  const starts: number[] = [];
  for (let at = bytes.indexOf('\xecMR\r', 0, 'latin1'); at >= 0; at = bytes.indexOf('\xecMR\r', at + 1, 'latin1')) starts.push(at);
  return { directory, file, starts, bytes };
}

/** A storage directory with this one segment. */
function directoryWith(file: string, bytes: Buffer): string {
  const directory = newDirectory();
  mkdirSync(logOf(directory));
  writeFileSync(join(logOf(directory), file), bytes);
  return directory;
}

describe('a damaged log', () => {
  it('gives every intact batch, in order, whichever byte of it is damaged', async () => {
    const { file, starts, bytes } = await written(4);
    expect(starts).toHaveLength(4);
    for (let position = 0; position < bytes.length; position++) {
      const damaged = Buffer.from(bytes);
      damaged[position]! ^= 0x55;
      const run = await openTraces(directoryWith(file, damaged));
      const names = (await run.readAll()).flat();
      const hit = starts.findLastIndex((start) => position >= start);
      const expected = [0, 1, 2, 3].filter((i) => i !== hit).map((i) => namesOf(i)[0]);
      expect([position, names]).toEqual([position, expected]);
      expect(run.context.lines).toHaveLength(1);
      await run.append(100, 1);
      for (const stored of run.log.recovered) await run.log.acknowledge(stored);
      await run.close();
    }
  });

  it('gives every complete batch, wherever it is cut off', async () => {
    const { file, starts, bytes } = await written(3);
    const ends = [...starts.slice(1), bytes.length];
    for (let length = 0; length <= bytes.length; length++) {
      const directory = directoryWith(file, bytes.subarray(0, length));
      const first = await openTraces(directory);
      const whole = ends.filter((end) => end <= length).length;
      expect([length, (await first.readAll()).flat()]).toEqual([length, namesOf(0, whole)]);
      // What comes after it is found by the run after it.
      await first.append(50, 1);
      await first.close();
      const second = await openTraces(directory);
      expect((await second.readAll()).flat()).toEqual([...namesOf(0, whole), ...namesOf(50, 1)]);
      expect(second.context.lines).toEqual([]);
      await second.close();
    }
  });

  it('sends batches again, but never fewer, whichever byte of the acknowledgements is damaged or missing', async () => {
    const { directory, file, bytes } = await written(4);
    const run = await openTraces(directory);
    for (const i of [0, 1, 3]) await run.log.acknowledge(run.log.recovered[i]!);
    await run.close();
    const ackFile = file.replace('.segment', '.ack');
    const acks = readFileSync(join(logOf(directory), ackFile));
    expect(acks.length).toBeGreaterThan(0);
    const check = async (content: Buffer): Promise<void> => {
      const copy = directoryWith(file, bytes);
      writeFileSync(join(logOf(copy), ackFile), content);
      const again = await openTraces(copy);
      const names = (await again.readAll()).flat();
      expect(names).toContain(namesOf(2)[0]);
      expect(names).toEqual(names.toSorted());
      for (const stored of again.log.recovered) await again.log.acknowledge(stored);
      await again.close();
      const last = await openTraces(copy);
      expect(last.log.recovered).toEqual([]);
      await last.close();
    };
    for (let position = 0; position < acks.length; position++) {
      const damaged = Buffer.from(acks);
      damaged[position]! ^= 0x55;
      await check(damaged);
      await check(acks.subarray(0, position));
    }
  });

  it('is set aside under another name, said in the log, and kept when its intact batches are through', async () => {
    const { directory, file, bytes, starts } = await written(3);
    bytes[starts[1]! + 40]! ^= 1;
    writeFileSync(join(logOf(directory), file), bytes);
    const run = await openTraces(directory);
    expect(filesOf(run.logDirectory)).toEqual([file.replace('.segment', '.damaged.segment')]);
    expect(run.context.lines).toMatchObject([
      { level: 'error', message: expect.stringContaining('set aside'), attributes: { intact_batches: 2, unsent_batches: 2 } },
    ]);
    await run.log.acknowledge(run.log.recovered[0]!);
    await run.close();
    // It is said once.
    const again = await openTraces(directory);
    expect(again.context.lines).toEqual([]);
    expect(await again.readAll()).toEqual([namesOf(2, 1)]);
    await again.log.acknowledge(again.log.recovered[0]!);
    await again.close();
    expect(filesOf(again.logDirectory)).toEqual([file.replace('.segment', '.damaged')]);
    expect(readFileSync(join(logOf(directory), file.replace('.segment', '.damaged')))).toEqual(bytes);
    const last = await openTraces(directory);
    expect(last.log.recovered).toEqual([]);
    await last.close();
  });

  it('is set aside with everything in it when recreate is on', async () => {
    const { directory, file, bytes, starts } = await written(3);
    bytes[starts[1]! + 40]! ^= 1;
    writeFileSync(join(logOf(directory), file), bytes);
    const run = await openTraces(directory, { recreate: true });
    expect(run.log.recovered).toEqual([]);
    expect(filesOf(run.logDirectory)).toEqual([file.replace('.segment', '.damaged')]);
    await run.close();
  });

  it('leaves at most ten damaged segments behind', async () => {
    const { directory } = await written(1);
    for (let i = 100; i < 115; i++) writeFileSync(join(logOf(directory), `${String(i).padStart(16, '0')}.damaged`), 'x');
    const run = await openTraces(directory);
    expect(filesOf(run.logDirectory).filter((name) => name.endsWith('.damaged'))).toHaveLength(10);
    await run.close();
  });

  it('says so when a batch was damaged after the start, and goes on', async () => {
    const { directory, file, starts } = await written(3);
    const run = await openTraces(directory);
    const path = join(logOf(directory), file);
    const bytes = readFileSync(path);
    bytes[starts[1]! + 40]! ^= 1;
    writeFileSync(path, bytes);
    const [first, second, third] = run.log.recovered;
    await expect(run.log.read(second!)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('is damaged') });
    (await run.log.read(third!)).release();
    truncateSync(path, starts[2]);
    await expect(run.log.read(third!)).rejects.toMatchObject({ kind: 'permanent' });
    for (const stored of [first, second, third]) await run.log.acknowledge(stored!);
    expect(run.pool.ledger.accounted).toBe(0);
    await run.close();
    expect(filesOf(run.logDirectory)).toEqual([file.replace('.segment', '.damaged')]);
  });
});

describe('the versions of the format', () => {
  const fixture = join(import.meta.dirname, 'fixtures', 'version-1');

  it('are read: version 1', async () => {
    const directory = newDirectory();
    cpSync(fixture, directory, { recursive: true });
    const run = await openTraces(directory);
    expect(await run.readAll()).toEqual([namesOf(0), namesOf(6, 3)]);
    using batch = await run.log.read(run.log.recovered[1]!);
    expect(batch.client.metadata.get('x-tenant')).toEqual(['acme']);
    await run.close();
  });

  it('are left alone when they are newer, and the run goes on', async () => {
    const { directory, file, bytes } = await written(2);
    bytes[4] = 2;
    const { crc32 } = await import('node:zlib');
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    writeFileSync(join(logOf(directory), file), bytes);
    const run = await openTraces(directory);
    expect(run.log.recovered).toEqual([]);
    await run.append(9);
    expect(run.context.lines).toMatchObject([{ level: 'error', message: 'A segment was written by a newer version. It is left alone.' }]);
    await run.close();
    expect(existsSync(join(logOf(directory), file))).toBe(true);
    const again = await openTraces(directory);
    expect(await again.readAll()).toEqual([namesOf(9)]);
    await again.close();
  });
});
