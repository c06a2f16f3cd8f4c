import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { components } from '@millrace/distribution';
import { describe, expect, it } from '@jest/globals';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
}

const root = join(import.meta.dirname, '..');

function testsBelow(folder: string): string {
  return readdirSync(folder)
    .map((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return testsBelow(path);
      return path.endsWith('.test.ts') && path !== import.meta.filename ? readFileSync(path, 'utf8') : '';
    })
    .join('\n');
}

const allTests = ['packages', 'test', 'plugins'].map((folder) => testsBelow(join(root, folder))).join('\n');

/** Every setting of a schema: its path and its schema. */
function settingsOf(schema: Schema, path: string): [string, Schema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, Schema][] => [
    [`${path}${name}`, property],
    ...settingsOf(property, `${path}${name}.`),
  ]);
  return schema.items === undefined ? own : [...own, ...settingsOf(schema.items, path)];
}

describe.each(components)('Every setting of $kind $type', ({ load }) => {
  it('is described, and occurs in a test', async () => {
    const { factory } = await load();
    const schema = (factory.configSchema ?? { properties: {} }) as Schema;
    const problems = settingsOf(schema, '').flatMap(([path, setting]) => {
      const name = path.split('.').at(-1)!;
      const found: string[] = [];
      if ((setting.description ?? '') === '') found.push(`${path} has no description`);
      if (!new RegExp(`\\b${name}\\b`).test(allTests)) found.push(`${path} is in no test`);
      if (setting.properties !== undefined && setting.additionalProperties !== false) found.push(`${path} accepts unknown keys`);
      return found;
    });
    expect(problems).toEqual([]);
  });
});
