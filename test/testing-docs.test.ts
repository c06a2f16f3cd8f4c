import { EventEmitter } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@millrace/cli';
import { describe, expect, it } from '@jest/globals';
import { temporaryFolder } from './harness.ts';

const root = join(import.meta.dirname, '..');

async function runIn(cwd: string, argv: readonly string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const write = (text: string): void => void (output += text);
  const code = await run(argv, { cwd, env: {}, events: new EventEmitter(), stdout: write, stderr: write });
  return { code, output };
}

describe('docs/testing.md', () => {
  const text = readFileSync(join(root, 'docs', 'testing.md'), 'utf8');
  const folder = temporaryFolder();
  const blocks = [...text.matchAll(/```(\w+)\n([^]*?)```/g)].map(([, language, block]) => ({ language, block: block! }));
  const files = blocks.filter(({ language }) => language === 'yaml' || language === 'json');
  for (const [index, name] of ['pipeline.yaml', 'pipeline.test.yaml', 'spans.json'].entries()) {
    writeFileSync(join(folder, name), files[index]!.block);
  }

  const commands = blocks
    .filter(({ language }) => language === 'console')
    .map(({ block }) => {
      const [first, ...output] = block.split('\n');
      return { command: first!.replace('$ millrace ', ''), output: output.join('\n') };
    });

  it('has commands', () => expect(commands).toHaveLength(2));

  it.each(commands)('shows what "$command" says', async ({ command, output }) => {
    expect(await runIn(folder, command.split(' '))).toEqual({ code: 0, output });
  });
});

describe('The default pipeline', () => {
  it('passes its tests', async () => {
    const { code, output } = await runIn(join(root, 'test'), ['test', 'pipeline.test.yaml']);
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining(' 0 failed') });
  });
});
