import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { checkConfig, ConfigError, printConfig, resolveConfig } from '@millrace/config';
import { checkText, filesOf, smallest } from './check-text.ts';
import { testCatalog } from './test-catalog.ts';

/** Words that a configuration is made of, so that what is generated gets past the first check now and then. */
const words = [
  'receivers processors exporters connectors extensions service pipelines telemetry traces logs/2 nop otlp sample batch debug',
  'otlp_http forward logging jaeger endpoint headers list int text section labels password either maps level metrics resource',
  'attributes timeout enabled name value __proto__ a::b',
].flatMap((line) => line.split(' '));
const text = fc.oneof(
  fc.constantFrom(...words, '${env:A}', '${B:-x}', 'x${A}y', '$$', '${', '5s', '5', '${yaml:{a: 1}}', '${env:C}', '${file:x}'),
  fc.string(),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'medium' },
    text,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...words), fc.string()), tie('any'), { maxKeys: 5 }),
  ),
})).any;
const section = fc.dictionary(fc.constantFrom(...words), fc.oneof(value, fc.dictionary(fc.constantFrom(...words), value, { maxKeys: 4 })), {
  maxKeys: 4,
});
const document = fc.record(
  { receivers: section, processors: section, exporters: section, connectors: section, extensions: section, service: section },
  { requiredKeys: [] },
);
const env = { A: '[1, "${env:B}"]', B: 'b # $$', C: '{timeout: "${env:A}"}' };

async function survives(yaml: string): Promise<void> {
  const readFile = filesOf({ 'config.yaml': yaml });
  try {
    const resolved = await resolveConfig({ locations: ['config.yaml'], env, cwd: '/etc', readFile });
    const config = await checkConfig(resolved, testCatalog);
    printConfig(config, 'redacted', 'yaml');
    printConfig(config, 'redacted', 'json');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems.length).toBeGreaterThan(0);
    for (const problem of (error as ConfigError).problems) expect(problem.message).not.toBe('');
  }
}

describe('whatever a user writes', () => {
  it('is checked, or refused with problems', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(document, value), (config) => survives(JSON.stringify(config))),
      { numRuns: 600 },
    );
  });

  it('may be no YAML at all', async () => {
    const fragment = fc.constantFrom(
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '<<',
      '|',
      '>',
      '#',
      '!!int ',
      '? ',
      '\t',
      '---\n',
      ...words,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(fragment).map((parts) => parts.join('')),
          fc.string(),
        ),
        survives,
      ),
      { numRuns: 600 },
    );
  });
});

describe('a secret', () => {
  it('is in no message, wherever it stands in its section', async () => {
    const secret = 'S3cr3t-Value';
    const shape = fc.constantFrom<(text: string) => unknown>(
      (inner) => inner,
      (inner) => [inner],
      (inner) => ({ a: inner }),
      (inner) => [
        { name: 'a', value: inner },
        { name: 'a', value: inner },
      ],
      (inner) => [{ name: 'a', values: inner }],
      (inner) => `\${env:${inner}`,
    );
    await fc.assert(
      fc.asyncProperty(shape, fc.constantFrom('headers', 'password'), async (make, key) => {
        const component = key === 'headers' ? 'exporters: {otlp_http: ' : 'processors: {sample: ';
        const yaml = `${smallest.replace('exporters: {nop: }', '')}${component}${JSON.stringify({ [key]: make(secret) })}}`;
        const error: unknown = await checkText(yaml).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ConfigError);
        expect(JSON.stringify((error as ConfigError).problems)).not.toContain(secret);
      }),
    );
  });
});

describe('the checker and ajv', () => {
  const integer = fc.record(
    { type: fc.constant('integer'), minimum: fc.integer({ min: -3, max: 3 }), multipleOf: fc.integer({ min: 1, max: 3 }) },
    { requiredKeys: ['type'] },
  );
  const number = fc.record(
    { type: fc.constant('number'), exclusiveMinimum: fc.integer({ min: -3, max: 3 }), maximum: fc.integer({ min: -3, max: 9 }) },
    { requiredKeys: ['type'] },
  );
  const string = fc.record(
    {
      type: fc.constant('string'),
      minLength: fc.nat(2),
      maxLength: fc.integer({ min: 1, max: 4 }),
      pattern: fc.constantFrom('^a', 'b$'),
      enum: fc.constant(['a', 'ab', 'b']),
    },
    { requiredKeys: ['type'] },
  );
  const scalar = fc.oneof(
    integer,
    number,
    string,
    fc.constant({ type: 'boolean' }),
    fc.constant({ type: ['string', 'integer'] }),
    fc.constant({}),
  );
  const schema = fc.letrec<{ any: object }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.record(
        {
          type: fc.constant('array'),
          items: tie('any').filter((items) => !JSON.stringify(items).includes('string')),
          minItems: fc.nat(2),
          uniqueItems: fc.boolean(),
        },
        { requiredKeys: ['type', 'items'] },
      ),
      fc.record(
        {
          type: fc.constant('object'),
          properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('any'), { maxKeys: 3 }),
          additionalProperties: fc.oneof(fc.boolean(), tie('any')),
          minProperties: fc.nat(2),
        },
        { requiredKeys: ['type', 'properties'] },
      ),
      fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    ),
  })).any;
  const json = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('a', 'ab', 'b', 'xyz', ''),
      fc.integer({ min: -5, max: 10 }),
      fc.constantFrom(0.5, 2.5),
      fc.boolean(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('any'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).any;

  it('agree on what is valid, where neither null nor coercion is at work', async () => {
    const ajv = new Ajv({ strict: false });
    await fc.assert(
      fc.asyncProperty(schema, json, async (inner, config) => {
        const configSchema = { type: 'object', properties: { value: inner }, additionalProperties: false };
        const readFile = filesOf({ 'config.yaml': `${smallest}processors: {x: {value: ${JSON.stringify(config)}}}` });
        const resolved = await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile });
        const checking = checkConfig(resolved, {
          types: (kind) => (kind === 'processor' ? [{ type: 'x' }] : testCatalog.types(kind)),
          component: (kind, type) => (kind === 'processor' ? Promise.resolve({ configSchema }) : testCatalog.component(kind, type)),
        });
        const checked = await checking.then(
          (result) => ({ config: result.processors.get('x')!.config }),
          (error: unknown) => error as ConfigError,
        );
        const isValid = ajv.validate(configSchema, { value: config });
        if (isValid) expect(checked).toEqual({ config: { value: config } });
        else expect(checked).toBeInstanceOf(ConfigError);
      }),
      { numRuns: 800 },
    );
  });
});
