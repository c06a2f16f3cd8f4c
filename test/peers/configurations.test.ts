import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { configurations } from '../configurations.ts';
import { temporaryFolder } from '../harness.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** Undefined when the Collector accepts a configuration, otherwise what it says. */
async function validate(yaml: string): Promise<string | undefined> {
  const file = join(temporaryFolder(), 'config.yaml');
  writeFileSync(file, yaml);
  return new Promise((resolve) => {
    execFile(install(peers.otelcol), ['validate', '--config', file], (error, stdout, stderr) =>
      resolve(error === null ? undefined : stdout + stderr),
    );
  });
}

describe('The Collector', () => {
  it.each(configurations.filter(({ collector }) => collector !== 'lacks'))(
    'has the recorded verdict for: $name',
    async ({ yaml, verdict, collector }) => {
      const expected = collector ?? (verdict === 'accepted' ? 'accepts' : 'refuses');
      const text = await validate(yaml);
      expect({ verdict: text === undefined ? 'accepts' : 'refuses', text }).toMatchObject({ verdict: expected });
    },
  );
});
