import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkConfig, ConfigError, formatProblems, printConfig, resolveConfig } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { testdata } from './check-text.ts';
import { testCatalog } from './test-catalog.ts';

const env = {
  LOOP: 'x${env:LOOP}',
  HTTP_HOST: 'localhost',
  BATCH_TIMEOUT: '5s',
  BATCH_SIZE: '1000',
  TENANT: '0123',
  TOKEN: 'very-secret',
};

async function check(folder: string, file: string): Promise<CheckedConfig> {
  return checkConfig(await resolveConfig({ locations: [file], env, cwd: folder }), testCatalog);
}

/** Compares with a file beside the configuration. A missing one is written, and the test fails: read it before you keep it. */
function expectText(path: string, text: string): void {
  const isThere = existsSync(path);
  if (!isThere) writeFileSync(path, text);
  expect(isThere).toBe(true);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length));
}

describe('a wrong configuration', () => {
  const folder = join(testdata, 'invalid');
  it.each(namesIn(folder))('%s tells every problem', async (name) => {
    const error = await check(folder, `${name}.yaml`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expectText(join(folder, `${name}.txt`), `${(error as ConfigError).message}\n`);
  });
});

describe('a right configuration', () => {
  const folder = join(testdata, 'valid');
  it.each(namesIn(folder))('%s is what it says, with its defaults', async (name) => {
    const config = await check(folder, `${name}.yaml`);
    const warnings = config.warnings.length === 0 ? '' : `\n${formatProblems(config.warnings)}\n`;
    expectText(join(folder, `${name}.txt`), `${printConfig(config, 'redacted', 'yaml')}${warnings}`);
  });
});
