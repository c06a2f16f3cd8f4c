import { statSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { ConfigError, formatProblems } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { readTestFile, runTest, Trial } from '@millrace/trial';
import type { ReadTestFile, TrialOptions } from '@millrace/trial';
import type { Arguments } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** What the commands that try a configuration need: its check, and what a trial is made of. */
export interface TrialCommand {
  readonly terminal: Terminal;
  readonly check: (locations: readonly string[], env: Readonly<Record<string, string | undefined>>, cwd: string) => Promise<CheckedConfig>;
  readonly trial: Omit<TrialOptions, 'config'>;
}

/** Tests of plugins: code, not configuration. */
const isScript = /\.[cm]?[jt]s$/;

/**
 * Runs the tests of files (`*.test.yaml`, and `*.test.ts` of plugins, below the working directory when none is named) and prints what became of each. Rejects when one
 * fails or a file cannot be read, after running the others.
 */
export async function runTests({ operands, config, update }: Arguments, command: TrialCommand): Promise<void> {
  const { terminal } = command;
  const places = operands.length > 0 ? operands.map((path) => resolve(terminal.cwd, path)) : [terminal.cwd];
  const paths = (await Promise.all(places.map(async (path) => (isFolder(path) ? findTests(path) : [path])))).flat();
  if (paths.length === 0) throw new Error('no tests: name a file, or have one that ends in .test.yaml or .test.ts');
  const scripts = paths.filter((path) => isScript.test(path));
  let { passed, failed } = { passed: 0, failed: 0 };
  if (scripts.length > 0) {
    const { runScriptTests } = await import('./run-script-tests.ts');
    ({ passed, failed } = await runScriptTests(scripts, terminal));
  }
  for (const path of paths) {
    if (isScript.test(path)) continue;
    terminal.stdout(`${relative(terminal.cwd, path)}\n`);
    let read: ReadTestFile;
    let checked: CheckedConfig;
    try {
      read = await readTestFile(path, terminal.cwd);
      checked = await checkedConfig(read, config, command);
    } catch (error) {
      failed++;
      terminal.stdout(indented([error instanceof ConfigError ? formatProblems(error.problems) : (error as Error).message], '  '));
      continue;
    }
    for (const [index, { name, steps }] of read.file.tests.entries()) {
      const trial = await Trial.start({ ...command.trial, config: checked });
      const failure = await runTest(trial, steps, { path, update });
      await trial.stop();
      if (failure === undefined) {
        passed++;
        terminal.stdout(`  ✓ ${name}\n`);
        continue;
      }
      failed++;
      const { file, line } = read.positionOf(['tests', index, 'steps', failure.step]);
      terminal.stdout(`  ✗ ${name}\n    step ${failure.step + 1}, ${file}:${line}\n${indented(failure.lines, '      ')}`);
    }
  }
  terminal.stdout(`${passed} passed, ${failed} failed\n`);
  if (failed > 0) throw new Error(`${failed} of ${passed + failed} tests failed`);
}

/** The file's own configurations stand in its folder, those of the command line in the working directory. */
function checkedConfig({ path, file }: ReadTestFile, given: readonly string[], { check, terminal }: TrialCommand): Promise<CheckedConfig> {
  const env = { ...terminal.env, ...file.env };
  if (file.config !== undefined) return check(file.config, env, dirname(path));
  if (given.length === 0) throw new Error('which configuration? say "config" in the file, or --config');
  return check(given, env, terminal.cwd);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function findTests(cwd: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob('**/*.test.{yaml,yml,ts,mts,js,mjs}', { cwd, exclude: (name) => name === 'node_modules' }))
    found.push(path);
  return found.sort().map((path) => resolve(cwd, path));
}

function indented(texts: readonly string[], indent: string): string {
  return texts
    .flatMap((text) => text.split('\n'))
    .map((line) => `${indent}${line}\n`)
    .join('');
}
