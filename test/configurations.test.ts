import { checkConfig, ConfigError, resolveConfig } from '@millrace/config';
import type { Problem } from '@millrace/config';
import { components, unsupportedHint } from '@millrace/distribution';
import { catalogOf, Service } from '@millrace/service';
import { describe, expect, it } from '@jest/globals';
import { configurations } from './configurations.ts';

/** What `millrace validate` says: nothing, its problems, or why the pipelines cannot be built. */
async function validate(yaml: string): Promise<readonly Problem[]> {
  try {
    const resolved = await resolveConfig({ locations: [`yaml:${yaml}`], env: {}, cwd: '.' });
    const config = await checkConfig(resolved, catalogOf(components, unsupportedHint));
    await Service.create({ config, components, program: { name: 'millrace', version: '0' }, writeLog: () => undefined });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    return [{ verdict: 'invalid', path: '', message: (error as Error).message }];
  }
}

describe('A configuration as people write it', () => {
  it.each(configurations)('$name', async ({ yaml, verdict }) => {
    const problems = await validate(yaml);
    if (verdict === 'accepted') {
      expect(problems).toEqual([]);
      return;
    }
    const [kind, path] = 'refused' in verdict ? ['invalid', verdict.refused] : ['unsupported', verdict.unsupported];
    const found = problems.filter((problem) => problem.verdict === kind);
    expect(found).not.toEqual([]);
    // A problem of the graph names the component in its text.
    expect(found.map((problem) => `${problem.path} ${problem.message}`).join('\n')).toContain(path);
  });

  it('is one of at least a hundred, of which at least 35 are refused', () => {
    expect(configurations.length).toBeGreaterThanOrEqual(100);
    expect(configurations.filter(({ verdict }) => verdict !== 'accepted' && 'refused' in verdict).length).toBeGreaterThanOrEqual(35);
    expect(new Set(configurations.map(({ name }) => name)).size).toBe(configurations.length);
  });
});
