import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, resolveConfig } from '@millrace/config';
import type { Problem } from '@millrace/config';
import { components } from '@millrace/distribution';
import { catalogOf } from '@millrace/service';
import { describe, expect, it } from '@jest/globals';
import { settingsOf } from './settings.ts';
import type { Schema } from './settings.ts';

const root = join(import.meta.dirname, '..');

function testsBelow(folder: string): string {
  return readdirSync(folder)
    .map((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return testsBelow(path);
      const isTest = path.endsWith('.test.ts') ? path !== import.meta.filename : /\/testdata\/golden\/[^/]+\.yaml$/.test(path);
      return isTest ? readFileSync(path, 'utf8') : '';
    })
    .join('\n');
}

const allTests = ['packages', 'test', 'plugins'].map((folder) => testsBelow(join(root, folder))).join('\n');

describe('Every unsupported setting', () => {
  it.each(components)('of $kind $type is refused as such, with the nearest alternative', async ({ kind, type, load }) => {
    const { factory } = await load();
    const own = (factory.configSchema ?? {}) as Schema;
    for (const [path, setting] of settingsOf(own, '')) {
      const reason = setting['x-unsupported'];
      if (reason === undefined) continue;
      const value = path
        .split('.')
        .reduceRight<unknown>((inner, name) => (name.endsWith('[]') ? { [name.slice(0, -2)]: [inner] } : { [name]: inner }), {});
      const ids = { receiver: 'nop', exporter: 'nop', [kind]: type };
      const config = {
        receivers: { [ids.receiver]: kind === 'receiver' ? value : null },
        exporters: { [ids.exporter]: kind === 'exporter' ? value : null },
        ...(kind !== 'receiver' && kind !== 'exporter' && { [`${kind}s`]: { [type]: value } }),
        service: { pipelines: { traces: { receivers: [ids.receiver], exporters: [ids.exporter] } } },
      };
      const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(config)}`], env: {}, cwd: '.' });
      const problems = await checkConfig(
        resolved,
        catalogOf(components, () => undefined),
      ).then(
        () => [],
        (error: { problems?: readonly Problem[] }) => error.problems ?? [],
      );
      const found = problems.find(({ verdict, message }) => verdict === 'unsupported' && message.includes(reason));
      expect([path, found?.verdict]).toEqual([path, 'unsupported']);
    }
  });
});

describe.each(components)('Every setting of $kind $type', ({ load }) => {
  it('is described, and occurs in a test', async () => {
    const { factory } = await load();
    const schema = (factory.configSchema ?? { properties: {} }) as Schema;
    const problems = settingsOf(schema, '').flatMap(([path, setting]) => {
      const name = path.split('.').at(-1)!.replace('[]', '');
      const found: string[] = [];
      if (setting['x-unsupported'] !== undefined) return found;
      if ((setting.description ?? '') === '') found.push(`${path} has no description`);
      if (!new RegExp(`\\b${name}\\b`).test(allTests)) found.push(`${path} is in no test`);
      if (setting.properties !== undefined && setting.additionalProperties !== false) found.push(`${path} accepts unknown keys`);
      return found;
    });
    expect(problems).toEqual([]);
  });
});
