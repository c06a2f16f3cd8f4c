import { FakeClock } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../src/logger.ts';
import { openLog } from '../src/open-log.ts';

function record(options: Partial<Parameters<typeof createLogger>[0]> = {}) {
  const written: string[] = [];
  const clock = new FakeClock(0);
  const logger = createLogger({ level: 'info', encoding: 'console', clock, write: (line) => written.push(line), ...options });
  return { written, clock, logger };
}

describe('The log', () => {
  it('writes a line for people, tab-separated, with the fields as JSON', () => {
    const { written, logger } = record({ fields: { 'otelcol.component.id': 'otlp' } });
    logger.info('Starting.', { port: 4317, big: 2n ** 63n, error: new Error('no') });
    expect(written).toEqual([
      '1970-01-01T00:00:00.000Z\tinfo\tStarting.\t{"otelcol.component.id":"otlp","port":4317,"big":"9223372036854775808","error":"no"}\n',
    ]);
  });

  it('writes one JSON object a line', () => {
    const { written, logger } = record({ encoding: 'json' });
    logger.warn('Full.', { size: 1 });
    expect(JSON.parse(written[0])).toEqual({ level: 'warn', ts: '1970-01-01T00:00:00.000Z', msg: 'Full.', size: 1 });
  });

  it('leaves out what is below its level', () => {
    const { written, logger } = record({ level: 'warn' });
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    expect(written).toHaveLength(1);
    const silent = record({ level: 'fatal' });
    silent.logger.error('d');
    expect(silent.written).toEqual([]);
  });

  it('samples warnings and errors that repeat, and nothing else', async () => {
    const sampling = { enabled: true, tick: '10s', initial: 2, thereafter: 5 };
    const { written, logger, clock } = record({ sampling });
    for (let i = 0; i < 12; i++) logger.error('Refused.', { i });
    expect(written.map((line) => JSON.parse(line.split('\t')[3]).i)).toEqual([0, 1, 6, 11]);
    await clock.advance(10_000);
    logger.error('Refused.', { i: 12 });
    for (let i = 0; i < 20; i++) logger.info('Traces');
    expect(written).toHaveLength(25);
  });

  it('appends to the files among its output paths', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'log-')), 'own.log');
    openLog([file])('one\n');
    openLog([file])('two\n');
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
    expect(() => openLog([tmpdir()])).toThrow(/EISDIR/);
  });
});
