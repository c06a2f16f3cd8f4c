import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectationOf, goldenSuites, runCases } from '../golden.ts';
import { goldenCollector, recorded } from './golden.ts';

const suites = (await goldenSuites())
  .map((suite) => ({ ...suite, cases: suite.cases.filter(recorded) }))
  .filter(({ cases }) => cases.length > 0);

describe.each(suites)('The Collector on $folder', (suite) => {
  let outputs: Map<string, unknown>;
  beforeAll(async () => {
    const { program, type } = goldenCollector(suite);
    outputs = await runCases(suite, suite.cases, program, type);
  });

  it.each(suite.cases)('$name: $shows', (golden) => {
    expect(outputs.get(golden.name)).toEqual(expectationOf(suite, golden));
  });
});
