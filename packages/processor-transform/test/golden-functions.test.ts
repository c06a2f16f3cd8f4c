import { readFileSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { standardFunctions } from '@millrace/ottl';

describe('golden cases', () => {
  it('call every function of the language', () => {
    const folder = join(import.meta.dirname, '../testdata/golden');
    const cases = globSync('*.yaml', { cwd: folder })
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    const missing = standardFunctions.map(({ name }) => name).filter((name) => !new RegExp(`\\b${name}\\(`).test(cases));
    expect(missing).toEqual([]);
  });
});
