import { EventEmitter } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@millrace/cli';
import { describe, expect, it } from '@jest/globals';

async function validate(processors: string[], queue: object, extensions: string[]): Promise<{ code: number; stderr: string }> {
  let stderr = '';
  const directory = mkdtempSync(join(tmpdir(), 'millrace-advice-'));
  const config = {
    extensions: { 'file_storage/q': { directory } },
    receivers: { nop: null },
    processors: { 'batch/x': null },
    exporters: { otlp_http: { endpoint: 'http://127.0.0.1:1', sending_queue: queue } },
    service: { extensions, pipelines: { traces: { receivers: ['nop'], processors, exporters: ['otlp_http'] } } },
  };
  const code = await run(['validate', '--config', `yaml:${JSON.stringify(config)}`], {
    stdout: () => {},
    stderr: (text) => void (stderr += text),
    env: {},
    cwd: directory,
    events: new EventEmitter(),
  });
  return { code, stderr };
}

describe('millrace validate', () => {
  it('warns of a batch processor before a stored queue', async () => {
    const { code, stderr } = await validate(['batch/x'], { storage: 'file_storage/q' }, ['file_storage/q']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: processor "batch\/x" acknowledges data before the stored queue of exporter "otlp_http" has it/);
    expect(stderr).toContain('(service::pipelines::traces::processors)');
    expect(stderr).toContain('sending_queue::batch');
  });

  it('warns of a storage that is not started', async () => {
    const { stderr } = await validate([], { storage: 'file_storage/q', dead_letter: 'file_storage/none' }, []);
    expect(stderr).toContain('the storage extension "file_storage/q" is not in service::extensions');
    expect(stderr).toContain('the storage extension "file_storage/none" is not in service::extensions');
  });

  it.each([
    [['batch/x'], {}, []],
    [[], { storage: 'file_storage/q', batch: {} }, ['file_storage/q']],
    [['batch/x'], { enabled: false, storage: 'file_storage/q' }, []],
  ])('is silent about processors %j before %j', async (processors, queue, extensions) => {
    expect(await validate(processors, queue, extensions)).toEqual({ code: 0, stderr: '' });
  });
});
