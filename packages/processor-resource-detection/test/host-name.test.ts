import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fullName, reverseName } from '../src/host-name.ts';
import type { NameSources } from '../src/host-name.ts';
import { startDnsServer } from './dns-server.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanUp.splice(0)) clean();
});

/** A machine called `shop`. */
async function machine(
  records: Readonly<Record<string, string>> | 'silent',
  files: { hosts?: string; resolv?: string } = {},
): Promise<NameSources> {
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  const server = await startDnsServer(records);
  cleanUp.push(server.close, () => rmSync(folder, { recursive: true, force: true }));
  const paths = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
  if (files.hosts !== undefined) writeFileSync(paths.hosts, files.hosts);
  if (files.resolv !== undefined) writeFileSync(paths.resolvConf, files.resolv);
  return { own: 'shop', ...paths, servers: [server.address] };
}

const hosts = '# local\n127.0.0.1 localhost\n10.0.0.1\tshop.example.com shop # this one\n';

describe('the full name of a host', () => {
  it('is the first name on its line of the hosts file', async () => {
    expect(await fullName(1_000, await machine({}, { hosts }))).toBe('shop.example.com');
  });

  it('is looked up in the search list, and is the end of the aliases', async () => {
    const records = { 'CNAME shop.b.example': 'web.b.example', 'CNAME web.b.example': 'node7.b.example', 'A node7.b.example': '10.0.0.7' };
    const resolv = 'nameserver 192.0.2.1\nsearch a.example b.example\n';
    expect(await fullName(1_000, await machine(records, { hosts: '127.0.0.1 localhost\n', resolv }))).toBe('node7.b.example');
  });

  it('is the name itself when only that is known', async () => {
    expect(await fullName(1_000, await machine({ 'A shop': '10.0.0.7' }))).toBe('shop');
  });

  it('is unknown when nobody knows it', async () => {
    await expect(fullName(1_000, await machine({}, { resolv: 'domain a.example' }))).rejects.toThrow(/ENOTFOUND shop$/);
  });

  it('is unknown when DNS does not answer within the limit', async () => {
    await expect(fullName(50, await machine('silent'))).rejects.toThrow(/ECANCELLED|ETIMEOUT/);
  });
});

describe('the name that an address leads back to', () => {
  it('is the first one that the hosts file has for the address', async () => {
    expect(await reverseName(1_000, await machine({}, { hosts: `10.0.0.1 first.example\n${hosts}` }))).toBe('first.example');
  });

  it('is what DNS says', async () => {
    const records = { 'A shop': '10.0.0.7', 'PTR 7.0.0.10.in-addr.arpa': 'node7.example' };
    expect(await reverseName(1_000, await machine(records))).toBe('node7.example');
  });

  it('is unknown when there is none', async () => {
    await expect(reverseName(1_000, await machine({ 'A shop': '10.0.0.7' }))).rejects.toThrow('reverseLookup failed');
    await expect(reverseName(1_000, await machine({}))).rejects.toThrow(/ENOTFOUND shop$/);
  });
});
