import { FakeClock } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createLogs } from '../src/logger.ts';
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

  it('tells the error output paths what could not be written, and goes on', () => {
    const folder = mkdtempSync(join(tmpdir(), 'log-'));
    const written: string[] = [];
    const streams = {
      stdout: (text: string) => void written.push(`out ${text}`),
      stderr: (text: string) => void written.push(`err ${text}`),
    };
    const write = openLog([join(folder, 'sub.log'), 'stdout'], ['stderr', join(folder, 'errors.log')], streams);
    rmSync(folder, { recursive: true });
    write('line\n');
    expect(written).toEqual([expect.stringMatching(/^err .*write error: ENOENT/), 'out line\n']);
  });

  it('hides secrets and the content of AI requests, at any depth', () => {
    const { written, logger } = record({ encoding: 'json', fields: { nested: { api_key: 'k1' } } });
    logger.info('Sending.', { password: 'p1', headers: { authorization: 'a1' }, 'gen_ai.input.messages': 'how are you', port: 1 });
    expect(written.join('')).not.toMatch(/k1|p1|a1|how are you/);
    expect(JSON.parse(written[0])).toMatchObject({ password: '[REDACTED]', nested: { api_key: '[REDACTED]' }, port: 1 });
  });

  it('hides the user and password of a URL, in texts and errors', () => {
    const { written, logger } = record();
    logger.info('Sending.', { endpoint: 'https://me:pw1@host/path', error: new Error('Post "http://tok2@host": no'), mail: 'a@b.example' });
    expect(written[0]).toContain(
      '{"endpoint":"https://[REDACTED]@host/path","error":"Post \\"http://[REDACTED]@host\\": no","mail":"a@b.example"}',
    );
  });

  it('shows the stack of an error from the level that is asked for', () => {
    const error = new Error('broken');
    const shown = (options: Parameters<typeof record>[0], level: 'warn' | 'error'): string => {
      const { written, logger } = record(options);
      logger[level]('Failed.', { error });
      return written[0];
    };
    expect(shown({ stackFrom: 'error' }, 'error')).toMatch(/\terror\tFailed.\t\{"error":"broken"\}\nError: broken\n +at /);
    expect(shown({ stackFrom: 'error' }, 'warn')).not.toContain('at ');
    expect(shown({ stackFrom: 'warn' }, 'warn')).toContain('    at ');
    expect(shown({}, 'error')).not.toContain('    at ');
    expect(JSON.parse(shown({ stackFrom: 'error', encoding: 'json' }, 'error'))).toHaveProperty('stacktrace');
  });

  it('takes a message as it is, and has one sampling for all loggers', () => {
    const written: string[] = [];
    const clock = new FakeClock(0);
    const sampling = { enabled: true, tick: '10s', initial: 1, thereafter: 0 };
    const logs = createLogs({ level: 'debug', encoding: 'console', sampling, clock, write: (line) => written.push(line) });
    logs({ a: 1 }).debug('100 %s of %d\tdone "x"');
    logs({ a: 1 }).warn('Full.');
    logs({ a: 2 }).warn('Full.');
    expect(written).toEqual([
      '1970-01-01T00:00:00.000Z\tdebug\t100 %s of %d\tdone "x"\t{"a":1}\n',
      '1970-01-01T00:00:00.000Z\twarn\tFull.\t{"a":1}\n',
    ]);
  });
});
