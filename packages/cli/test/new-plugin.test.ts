import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '@millrace/cli';

async function millrace(cwd: string, ...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    cwd,
    env: {},
    events: new EventEmitter(),
    stdout: (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
  });
  return { code, stdout, stderr };
}

describe('millrace new', () => {
  it.each(['processor', 'receiver', 'exporter', 'connector'])(
    'makes a folder with a %s, its test, a configuration and types',
    async (kind) => {
      const cwd = mkdtempSync(join(tmpdir(), 'new-'));
      expect(await millrace(cwd, 'new', kind, 'my_part')).toEqual({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('Test it:  millrace test my-part\nRun it:   millrace --config my-part/config.yaml\n'),
      });
      const folder = join(cwd, 'my-part');
      expect(readdirSync(folder).sort()).toEqual(['config.yaml', 'my-part.test.ts', 'my-part.ts', 'tsconfig.json']);
      expect(readFileSync(join(folder, 'my-part.ts'), 'utf8')).toContain("type: 'my_part'");
      expect(readFileSync(join(folder, 'my-part.test.ts'), 'utf8')).toContain("from './my-part.ts'");
      expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toMatch(/^plugins: \[\.\/my-part\.ts\]\n/);
      const { paths } = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8')).compilerOptions;
      expect(Object.keys(paths)).toEqual(['@millrace/api/testing', '@millrace/*']);
      expect((await millrace(cwd, 'new', kind, 'my_part')).stderr).toContain('exists and is not empty');
    },
  );

  it('says what is wrong with a kind or a name', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'new-'));
    expect((await millrace(cwd, 'new', 'exporte', 'x')).stderr).toContain('did you mean "exporter"?');
    expect((await millrace(cwd, 'new')).stderr).toContain('needs a kind');
    expect((await millrace(cwd, 'new', 'exporter', 'a', 'b')).stderr).toContain('needs one name');
    expect((await millrace(cwd, 'test', '.')).stderr).toContain('no tests');
  });
});
