import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { linuxPlatform, osRelease } from '../src/linux-platform.ts';

/** What a function says of a machine with these files. */
function on<T>(files: Readonly<Record<string, string>>, ask: (root: string) => T): T {
  const root = mkdtempSync(join(tmpdir(), 'platform-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return ask(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('the Linux distribution', () => {
  it.each([
    [{ 'etc/debian_version': '12.5\n' }, 'debian', '12.5'],
    [{ 'etc/debian_version': 'trixie/sid\n', 'etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\n' }, 'ubuntu', '24.04'],
    [{ 'etc/centos-release': 'CentOS Linux release 7.9.2009 (Core)\n' }, 'centos', '7.9.2009'],
    [{ 'etc/redhat-release': 'Red Hat Enterprise Linux release 9.4 (Plow)\n' }, 'redhat', '9.4'],
    [{ 'etc/redhat-release': 'Fedora release 42 (Rawhide)\n' }, 'fedora', 'rawhide'],
    [{ 'etc/oracle-release': 'Oracle Linux Server release 8.9\n', 'etc/redhat-release': 'x' }, 'oracle', '8.9'],
    [{ 'etc/arch-release': 'Arch\n', 'etc/lsb-release': 'DISTRIB_RELEASE="rolling"\n' }, 'arch', 'rolling'],
    [{ 'etc/alpine-release': '3.20.1\n' }, 'alpine', '3.20.1'],
    [{ 'usr/lib/os-release': 'ID="wolfi"\nVERSION_ID=20230201\n' }, 'wolfi', '20230201'],
    [{}, '', ''],
  ])('of a machine with %j is %s %s', (files, name, version) => {
    expect(on(files as Record<string, string>, linuxPlatform)).toEqual({ name, version });
  });

  it('is described without quotes and escapes', () => {
    const text = '# comment\nNAME="My \\"Linux\\""\n\nVERSION=\'1 (one)\'\nEMPTY=\nnonsense\n';
    expect(on({ 'etc/os-release': text }, osRelease)).toEqual({ NAME: 'My "Linux"', VERSION: '1 (one)', EMPTY: '' });
  });
});
