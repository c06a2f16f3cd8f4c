import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { printConfig } from '@millrace/config';
import { checkText, smallest, testdata } from './check-text.ts';

const secrets = `${smallest}processors:
  sample: {password: topsecret}
  sample/2: {password: ~, labels: {a: b}}
`
  .replace(
    'exporters: {nop: }',
    'exporters: {nop: , otlp_http: {endpoint: x, headers: {k: v, e: ""}}, otlp_grpc: {endpoint: y, headers: [{name: n, value: v2}]}}',
  )
  .replace(
    'service: {',
    'service: {telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {endpoint: z, headers: {token: v3}}}}}]}, resource: {a: b, c: }}, ',
  );

describe('printConfig', () => {
  it('redacts what schemas mark as secret', async () => {
    const shown = JSON.parse(printConfig(await checkText(secrets), 'redacted', 'json')) as object;
    expect(shown).toMatchObject({
      processors: { sample: { password: '[REDACTED]' }, 'sample/2': { labels: { a: 'b' } } },
      exporters: {
        otlp_http: { endpoint: 'x', headers: { k: '[REDACTED]', e: '[REDACTED]' } },
        otlp_grpc: { headers: { n: '[REDACTED]' } },
      },
      service: {
        telemetry: {
          metrics: { readers: [{ periodic: { exporter: { otlp: { endpoint: 'z', headers: { token: '[REDACTED]' } } } } }] },
          resource: {
            attributes: [
              { name: 'a', value: 'b' },
              { name: 'c', value: null },
            ],
          },
        },
      },
    });
  });

  it('shows all of it on demand', async () => {
    const shown = JSON.parse(printConfig(await checkText(secrets), 'unredacted', 'json')) as object;
    expect(shown).toMatchObject({
      processors: { sample: { password: 'topsecret' } },
      exporters: { otlp_http: { headers: { k: 'v', e: '' } }, otlp_grpc: { headers: { n: 'v2' } } },
    });
  });

  it('prints integers that a number does not hold', async () => {
    const config = await checkText(`${smallest}processors: {sample: {telemetry: [9007199254740993, 1]}}\n`);
    expect(printConfig(config, 'unredacted', 'json')).toMatch(/9007199254740993,\s+1\s/);
    expect(printConfig(config, 'unredacted', 'yaml')).toContain('- 9007199254740993\n');
  });

  it('redacts the passwords of URLs', async () => {
    const { redact } = await import('../src/redact.ts');
    const schema = { properties: { endpoint: { type: 'string' }, list: { items: { type: 'string' } } } };
    const value = {
      endpoint: 'https://me:top%20secret@host:4318/v1?a=b@c',
      list: ['http://:secret@h', 'http://host:80/a@b', 'me@host:80', 'https://me@host'],
    };
    expect(redact(schema, value, schema)).toEqual({
      endpoint: 'https://me:[REDACTED]@host:4318/v1?a=b@c',
      list: ['http://:[REDACTED]@h', 'http://host:80/a@b', 'me@host:80', 'https://me@host'],
    });
  });

  it('redacts inside alternatives, patterns and lists', async () => {
    const { redact } = await import('../src/redact.ts');
    const schema = {
      type: 'object',
      patternProperties: { '^p_': { type: 'string', 'x-secret': true } },
      properties: {
        either: { anyOf: [{ type: 'string' }, { type: 'object', properties: { key: { type: 'string', 'x-secret': true } } }] },
        all: { 'x-secret': true },
        list: { type: 'array', items: { $ref: '#/$defs/one' } },
      },
      $defs: { one: { type: 'object', properties: { key: { type: 'string', 'x-secret': true } } } },
    };
    const value = { p_a: 's', q: 't', either: { key: 's', x: 1 }, all: { a: ['s', 1, null], b: true }, list: [{ key: 's', x: 2 }] };
    const hidden = '[REDACTED]';
    expect(redact(schema, value, schema)).toEqual({
      p_a: hidden,
      q: 't',
      either: { key: hidden, x: 1 },
      all: { a: [hidden, hidden, null], b: hidden },
      list: [{ key: hidden, x: 2 }],
    });
  });

  it('writes texts so that they are read as texts again', async () => {
    const texts = [
      '017',
      '0b11',
      '1_000',
      '0x1',
      '1e3',
      'true',
      'null',
      '~',
      '',
      'yes',
      '.inf',
      '5',
      'a: b',
      '# c',
      'two\nlines',
      ' x ',
      '1.5',
      '- a',
      "it's",
      '"q"',
    ];
    const config = await checkText(`${smallest}processors: {sample: {any: ${JSON.stringify(texts)}}}`);
    const again = await checkText(printConfig(config, 'unredacted', 'yaml'));
    expect(again.processors.get('sample')!.config).toEqual({ any: texts });
  });

  const folder = join(testdata, 'valid');
  it.each(readdirSync(folder).filter((file) => file.endsWith('.yaml')))('means the same when it is read again: %s', async (file) => {
    const env = { HTTP_HOST: 'h', BATCH_TIMEOUT: '5s', BATCH_SIZE: '1000', TENANT: '0123', TOKEN: 't' };
    const printed = printConfig(await checkText(readFileSync(join(folder, file), 'utf8'), { env }), 'unredacted', 'yaml');
    expect(printConfig(await checkText(printed), 'unredacted', 'yaml')).toBe(printed);
  });
});
