import { beforeAll, describe, expect, it } from '@jest/globals';
import { pricesSchema } from '@millrace/genai';
import { expectationOf, goldenSuites, millrace, runCases } from './golden.ts';
import { occurs, settingsOf } from './settings.ts';
import type { Schema } from './settings.ts';

const suites = await goldenSuites();
/** Settings that several components share, which the tests of package genai show. */
const shared = new Set(settingsOf(pricesSchema as Schema, '').map(([, schema]) => schema));

describe.each(suites)('$folder', (suite) => {
  let outputs: Map<string, unknown>;
  beforeAll(async () => {
    outputs = await runCases(suite, suite.cases, millrace, suite.entry.type);
  }, 60_000);

  it.each(suite.cases)('$name: $shows', (golden) => {
    expect(outputs.get(golden.name)).toEqual(expectationOf(suite, golden));
  });

  it('shows every setting in a case', async () => {
    const { factory } = await suite.entry.load();
    const settings = settingsOf((factory.configSchema ?? {}) as Schema, '').filter(
      ([, schema]) => schema['x-unsupported'] === undefined && !shared.has(schema),
    );
    const missing = settings.map(([path]) => path).filter((path) => !suite.cases.some(({ config }) => occurs(config, path)));
    expect(missing).toEqual([]);
  });
});
