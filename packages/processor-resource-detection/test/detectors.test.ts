import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, release, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { config, detected } from './run.ts';

const variables = ['OTEL_RESOURCE_ATTRIBUTES', 'OTEL_RESOURCE', 'DOCKER_HOST'];
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const name of variables) delete process.env[name];
  for (const clean of cleanUp.splice(0)) clean();
});

/** Settings that switch attributes on and off. */
const switched = (enabled: boolean, ...names: string[]): object => ({
  resource_attributes: Object.fromEntries(names.map((name) => [name, { enabled }])),
});

/** Why a processor with these settings does not start. */
async function failure(settings: object): Promise<string> {
  const visitor = factory.visit!(config({ timeout: '50ms', ...settings }), testContext({ clock: systemClock }));
  const message = await Promise.resolve(visitor.start?.(testHost())).then(
    () => 'it did start',
    (error: Error) => error.message,
  );
  await visitor.shutdown?.(new AbortController().signal);
  return message;
}

describe('detector env', () => {
  it.each([
    ['a=b', { a: 'b' }],
    [' a = b c , d=,e=f=g,', { a: 'b c', d: '', e: 'f=g' }],
    ['a=b%2Cc,d=%C3%A9+x,e=%2B', { a: 'b,c', d: 'é x', e: '+' }],
    ['a=b,a=c', { a: 'c' }],
    ['  ', {}],
  ])('reads %j', async (text, attributes) => {
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = text;
    expect(await detected({ detectors: ['env'] })).toEqual({ attributes, schemaUrl: '' });
  });

  it('reads the older variable where the other is empty', async () => {
    process.env['OTEL_RESOURCE'] = 'old=1';
    expect((await detected({})).attributes).toEqual({ old: '1' });
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = 'new=1';
    expect((await detected({})).attributes).toEqual({ new: '1' });
  });

  it.each([
    ['nonsense', 'invalid resource format: "nonsense"'],
    ['a=b,c', 'invalid resource format, invalid text: "c"'],
    ['a=%zz', 'invalid resource format in attribute: "a=%zz", err: invalid URL escape "%zz"'],
  ])('refuses %j', async (text, message) => {
    process.env['OTEL_RESOURCE_ATTRIBUTES'] = text;
    expect(await failure({})).toBe(message);
  });
});

describe('detector system', () => {
  const every = [
    'host.arch',
    'host.cpu.cache.l2.size',
    'host.cpu.family',
    'host.cpu.model.id',
    'host.cpu.model.name',
    'host.cpu.stepping',
    'host.cpu.vendor.id',
    'host.id',
    'host.interface',
    'host.ip',
    'host.mac',
    'os.build.id',
    'os.description',
    'os.name',
    'os.version',
  ];

  it('knows the name and the operating system of this machine', async () => {
    expect(await detected({ detectors: ['system'], system: { hostname_sources: ['os'] } })).toEqual({
      attributes: { 'host.name': hostname(), 'os.type': process.platform },
      schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
    });
  });

  it('knows more when that is switched on', async () => {
    const { attributes } = await detected({ detectors: ['system'], system: { hostname_sources: ['os'], ...switched(true, ...every) } });
    expect(Object.keys(attributes)).toEqual(
      expect.arrayContaining(every.filter((name) => name !== 'host.id' && name !== 'host.cpu.model.id')),
    );
    expect(attributes['os.description']).toContain(release());
    expect(attributes['host.interface']).toContain('lo');
    expect(readFileSync('/proc/cpuinfo', 'utf8')).toContain(String(attributes['host.cpu.model.name']));
    for (const mac of attributes['host.mac'] as string[]) expect(mac).toMatch(/^$|^[0-9A-F]{2}(-[0-9A-F]{2}){5}$/);
    for (const address of attributes['host.ip'] as string[]) expect(address).not.toMatch(/^127\./);
  });

  it('leaves out what is switched off', async () => {
    const system = { hostname_sources: ['os'], ...switched(false, 'host.name') };
    expect((await detected({ detectors: ['system'], system })).attributes).toEqual({ 'os.type': process.platform });
  });

  it.each([['dns'], ['cname'], ['lookup']])('takes the next source when %s knows no name', async (source) => {
    // Where it does know one, that is the name.
    const { attributes } = await detected({ detectors: ['system'], timeout: '200ms', system: { hostname_sources: [source, 'os'] } });
    expect(String(attributes['host.name'])).not.toBe('');
  });
});

describe('detector process', () => {
  it('knows this process', async () => {
    const { attributes, schemaUrl } = await detected({
      detectors: ['process'],
      process: switched(true, 'process.parent_pid', 'process.command_args'),
    });
    expect(attributes).toMatchObject({
      'process.pid': BigInt(process.pid),
      'process.parent_pid': BigInt(process.ppid),
      'process.executable.name': 'node',
      'process.executable.path': process.execPath,
      'process.command': process.argv[1],
      'process.owner': userInfo().username,
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
      'process.runtime.description': 'Node.js',
    });
    expect((attributes['process.command_args'] as string[])[0]).toBe(process.execPath);
    expect(schemaUrl).toBe('https://opentelemetry.io/schemas/1.40.0');
    expect((await detected({ detectors: ['process'] })).attributes).not.toHaveProperty(['process.command_args']);
  });
});

describe('detector docker', () => {
  const answers: Record<string, [number, unknown]> = {
    '/info': [200, { Name: 'docker-host', OSType: 'linux' }],
    [`/containers/${hostname()}/json`]: [200, { Name: '/shop', Image: 'sha256:abc' }],
  };

  async function daemon(of: Readonly<Record<string, [number, unknown]>>, listen: (server: Server) => string): Promise<void> {
    const server = createServer((request, response) => {
      const [status, body] = of[request.url ?? ''] ?? [404, { message: `No such container: ${hostname()}` }];
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    const host = listen(server);
    await once(server, 'listening');
    process.env['DOCKER_HOST'] = host === '' ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : host;
    cleanUp.push(() => server.close());
  }
  const overTcp = (server: Server): string => {
    server.listen(0, '127.0.0.1');
    return '';
  };

  it('asks the daemon over its socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docker-'));
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
    await daemon(answers, (server) => {
      server.listen(join(folder, 'docker.sock'));
      return `unix://${folder}/docker.sock`;
    });
    expect(await detected({ detectors: ['docker'] })).toEqual({
      attributes: { 'host.name': 'docker-host', 'os.type': 'linux' },
      schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
    });
  });

  it('tells the container when that is switched on', async () => {
    await daemon(answers, overTcp);
    const docker = { ...switched(true, 'container.name', 'container.image.name') };
    expect((await detected({ detectors: ['docker'], docker })).attributes).toEqual({
      'host.name': 'docker-host',
      'os.type': 'linux',
      'container.name': '/shop',
      'container.image.name': 'sha256:abc',
    });
  });

  it('fails when the daemon does not know the container, answers nonsense, or is not there', async () => {
    await daemon({ '/info': answers['/info']! }, overTcp);
    expect(await failure({ detectors: ['docker'] })).toBe(
      `failed getting container info: failed to fetch container information: Error response from daemon: No such container: ${hostname()}`,
    );
    await daemon({ '/info': [200, 'nonsense'] }, overTcp);
    expect(await failure({ detectors: ['docker'] })).toMatch(/^failed getting OS type: failed to fetch Docker OS type: Unexpected token/);
    process.env['DOCKER_HOST'] = 'unix:///not/there.sock';
    expect(await failure({ detectors: ['docker'] })).toMatch(/ENOENT/);
    process.env['DOCKER_HOST'] = 'ssh://host';
    expect(await failure({ detectors: ['docker'] })).toMatch(/unable to parse docker host "ssh:\/\/host"/);
  });

  it('fails when the daemon does not answer within the timeout', async () => {
    const server = createServer(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => {
      server.closeAllConnections();
      server.close();
    });
    process.env['DOCKER_HOST'] = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await failure({ detectors: ['docker'] })).toMatch(/aborted|deadline exceeded/);
  });
});
