import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolveConfig } from '@millrace/config';
import { checkText, problemsOf, smallest } from './check-text.ts';

const batch = (text: string): string => `${smallest}processors: {batch: ${text}}`;
const settings = async (...parameters: Parameters<typeof checkText>): Promise<unknown> => {
  return (await checkText(...parameters)).processors.get('batch')?.config;
};

describe('several locations', () => {
  const files = { 'over.yaml': 'processors: {batch: {timeout: 9s, metadata_keys: [c]}}' };
  const locations = ['config.yaml', 'over.yaml'];

  it('merge maps and replace lists and values', async () => {
    const text = batch('{timeout: 1s, send_batch_size: 5, metadata_keys: [a, b]}');
    expect(await settings(text, { locations, files })).toMatchObject({ timeout: '9s', send_batch_size: 5, metadata_keys: ['c'] });
  });

  it('null a section with an empty one', async () => {
    const config = await checkText(batch('{timeout: 1s}'), { locations, files: { 'over.yaml': 'processors:\n' } });
    expect(config.processors.size).toBe(0);
  });

  it('ignore an empty file', async () => {
    expect(await settings(batch('{timeout: 1s}'), { locations, files: { 'over.yaml': '' } })).toMatchObject({ timeout: '1s' });
  });

  it('merge before references are expanded', async () => {
    const over = { 'over.yaml': 'processors: {batch: {timeout: 2s}}', 'section.yaml': 'sample: {text: x}' };
    const config = await checkText(`${smallest}processors: \${file:section.yaml}`, { locations, files: over });
    expect([...config.processors.keys()]).toEqual(['batch']);
  });

  it('name the file of each problem', async () => {
    const failing = checkText(batch('{timeout: soon}'), { locations, files: { 'over.yaml': '\nexporters: {nop: {a: 1}}' } });
    await expect(failing).rejects.toMatchObject({
      problems: [
        { file: 'config.yaml', line: 4 },
        { file: 'over.yaml', line: 2 },
      ],
    });
  });

  it('join the lists of service with the gate for that', async () => {
    const over = { 'over.yaml': 'exporters: {debug: }\nservice: {pipelines: {traces: {exporters: [nop, debug], processors: [batch]}}}' };
    const options = { locations, files: over };
    const without = await checkText(batch(''), options);
    expect(without.service.pipelines.get('traces')).toMatchObject({
      exporters: ['nop', 'debug'],
      receivers: ['nop'],
      processors: ['batch'],
    });
    const appended = { 'over.yaml': over['over.yaml'].replace('[nop, debug]', '[debug]') };
    const gated = await checkText(batch(''), { ...options, files: appended, featureGates: new Set(['confmap.enableMergeAppendOption']) });
    expect(gated.service.pipelines.get('traces')).toMatchObject({ exporters: ['nop', 'debug'], processors: ['batch'] });
  });
});

describe('--set', () => {
  it('overrides every location', async () => {
    const set = ['processors.batch.timeout=3s', ' processors.batch.metadata_keys = [x, y] ', 'processors.batch.send_batch_size='];
    expect(await settings(batch('{timeout: 1s, send_batch_size: 5}'), { set })).toEqual({
      timeout: '3s',
      send_batch_size: 8192,
      send_batch_max_size: 0,
      metadata_keys: ['x', 'y'],
    });
  });

  it('takes references', async () => {
    expect(await settings(batch(''), { set: ['processors.batch.timeout=${env:T}'], env: { T: '4s' } })).toMatchObject({ timeout: '4s' });
  });

  it('is named in problems, without its value', async () => {
    const failing = checkText(smallest, { set: ['exporters.otlp_http.headers.token=5432112345', 'exporters.otlp_http.endpoint=x'] });
    await expect(failing).rejects.toMatchObject({
      problems: [{ file: '--set exporters.otlp_http.headers.token', message: expect.not.stringContaining('5432112345') }],
    });
  });

  it('needs an equal sign, and YAML', async () => {
    expect(await problemsOf(checkText(smallest, { set: ['processors', 'processors.batch.timeout=['] }))).toEqual([
      'invalid argument "processors" for "--set" flag: missing equal sign',
      expect.stringContaining('yaml: '),
    ]);
  });
});

describe('locations with a scheme', () => {
  it('yaml: with :: between keys', async () => {
    const locations = ['config.yaml', 'yaml:processors::batch::timeout: 7s', 'yaml:processors::batch::metadata_keys: [q]'];
    expect(await settings(batch('{timeout: 1s}'), { locations })).toMatchObject({ timeout: '7s', metadata_keys: ['q'] });
  });

  it('env:', async () => {
    const env = { CONF: 'processors: {batch: {timeout: 8s}}' };
    expect(await settings(smallest, { locations: ['config.yaml', 'env:CONF', 'env:NONE'], env })).toMatchObject({ timeout: '8s' });
  });

  it('file:, which is also meant without one and by a drive letter', async () => {
    expect(await settings(batch('{timeout: 1s}'), { locations: ['file:config.yaml'] })).toMatchObject({ timeout: '1s' });
    expect(await problemsOf(checkText('', { locations: ['C:\\conf.yaml'] }))).toEqual([
      'cannot retrieve the configuration: unable to read the file file:C:\\conf.yaml: no such file or directory',
    ]);
  });

  it.each([
    ['vault:x', 'unsupported scheme on URI "vault:x"'],
    ['s_3:x', 'invalid uri: "s_3:x"'],
    ['missing.yaml', 'cannot retrieve the configuration: unable to read the file file:missing.yaml: no such file or directory'],
    [
      'env:NOT-A-NAME',
      'cannot retrieve the configuration: environment variable "NOT-A-NAME" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$',
    ],
    ['yaml:5', 'retrieved value (type=int) cannot be used as a Conf'],
    ['yaml:text', 'retrieved value (type=string) cannot be used as a Conf'],
    ['yaml:[1]', 'retrieved value (type=[]interface {}) cannot be used as a Conf'],
  ])('%s is a problem', async (location, message) => {
    expect(await problemsOf(checkText('', { locations: [location] }))).toEqual([message]);
  });

  it('none at all is a problem', async () => {
    expect(await problemsOf(checkText('', { locations: [] }))).toEqual(['at least one config flag must be provided']);
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
    await writeFile(join(folder, 'good.yaml'), `\uFEFF${smallest}`);
    await writeFile(join(folder, 'latin1.yaml'), Buffer.from('a: 1\nb: \xe4\n', 'latin1'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are read from the disk, relative to the working directory', async () => {
    expect((await resolveConfig({ locations: ['good.yaml'], env: {}, cwd: folder })).warnings).toEqual([]);
  });

  it.each([
    ['latin1.yaml', 'cannot retrieve the configuration: unable to read file:latin1.yaml: not valid UTF-8 in line 2'],
    ['.', 'cannot retrieve the configuration: unable to read the file file:.: illegal operation on a directory'],
  ])('%s is a problem', async (file, message) => {
    expect(await problemsOf(resolveConfig({ locations: [file], env: {}, cwd: folder }))).toEqual([message]);
  });
});

describe('http locations and references', () => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.authorization ?? ''}`.trim());
    if (request.url === '/config') response.end(batch('{timeout: "${http://HOST/value}"}').replace('HOST', request.headers.host!));
    else if (request.url === '/value') response.end('6s');
    else if (request.url === '/big') response.end('x'.repeat(17 * 1024 * 1024));
    else if (request.url === '/latin1') response.end(Buffer.from([0xe4]));
    else if (request.url === '/cut') response.socket!.destroy();
    else response.writeHead(404).end('nothing');
  });
  let base: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => void server.close(resolve)));

  it('are fetched, each once', async () => {
    requests.length = 0;
    const text = `processors: {batch/2: {timeout: "\${${base}/value}"}}`;
    expect(await settings(text, { locations: [`${base}/config`, 'config.yaml'] })).toMatchObject({ timeout: '6s' });
    expect(requests).toEqual(['/config', '/value']);
  });

  it.each([
    ['/missing', /^failed to load resource from uri "http:.*\/missing"\. status code: 404$/],
    ['/big', /^fail to read the response body from uri "http:.*\/big": larger than 16777216 bytes$/],
    ['/latin1', /^unable to read http:.*\/latin1: not valid UTF-8 in line 1$/],
    ['/cut', /^unable to download the file via HTTP GET for uri "http:.*\/cut": /],
  ])('%s is a problem', async (path, message) => {
    const [problem] = await problemsOf(checkText('', { locations: [base + path] }));
    expect(problem!.replace('cannot retrieve the configuration: ', '')).toMatch(message);
  });

  it('authenticate with the password of the URL, and show it to nobody else', async () => {
    const location = base.replace('//', '//user:pa55word@');
    const [problem] = await problemsOf(checkText('', { locations: [`${location}/missing`] }));
    expect(problem).not.toContain('pa55word');
    expect(requests.at(-1)).toBe(`/missing Basic ${Buffer.from('user:pa55word').toString('base64')}`);
  });
});
