import { run } from 'node:test';
import { relative } from 'node:path';
import { pluginTestImports } from '@millrace/service';
import type { Terminal } from './terminal.ts';

/** How many tests there were. */
export interface TestCount {
  passed: number;
  failed: number;
}

/** What a failed test tells. */
interface Failure {
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: Failure;
}

/**
 * Runs test files of plugins, written for `node:test`, each in a process of its own in which `@millrace/api` is that of this program. Prints
 * what became of each test.
 */
export async function runScriptTests(files: readonly string[], terminal: Terminal): Promise<TestCount> {
  const count: TestCount = { passed: 0, failed: 0 };
  const execArgv = [...process.execArgv.filter((flag) => flag.startsWith('--conditions')), '--import', await pluginTestImports()];
  for (const file of files) {
    terminal.stdout(`${relative(terminal.cwd, file)}\n`);
    for await (const { type, data } of run({ files: [file], cwd: terminal.cwd, execArgv, concurrency: false })) {
      if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
      if (type === 'test:pass') count.passed++;
      else count.failed++;
      const text = type === 'test:pass' ? '' : failureText(data.details.error as Failure, file);
      terminal.stdout(`  ${type === 'test:pass' ? '✓' : '✗'} ${data.name === file ? 'the file' : data.name}\n${text}`);
    }
  }
  return count;
}

/** The message and where in the test it was. */
function failureText({ message = '', cause }: Failure, file: string): string {
  const { stack = '' } = cause ?? {};
  const text = cause?.message ?? message;
  const at = stack.split('\n').find((line) => line.includes(file));
  return [...text.split('\n'), ...(at === undefined ? [] : [at.trim()])].map((line) => `      ${line}\n`).join('');
}
