import { readFileSync } from 'node:fs';

function content(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** The assignments in a file like os-release(5); quotes and the escapes of the shell are taken off. */
function assignments(path: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of content(path).split('\n')) {
    const [, name, value = ''] = /^\s*([^#\s=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) values[name] = value.replace(/^(["'])(.*)\1$/, '$2').replace(/\\([$"'\\`])/g, '$1');
  }
  return values;
}

/** What the distribution says about itself in os-release(5); empty where there is none. `root`: see `linuxPlatform`. */
export function osRelease(root = ''): Readonly<Record<string, string>> {
  const etc = assignments(`${root}/etc/os-release`);
  return Object.keys(etc).length > 0 ? etc : assignments(`${root}/usr/lib/os-release`);
}

/** Distributions that are built on Debian and have a version of their own, by what /etc/lsb-release calls them. */
const debianChildren: Readonly<Record<string, string>> = {
  Ubuntu: 'ubuntu',
  LinuxMint: 'linuxmint',
  Kylin: 'Kylin',
  'Cumulus Linux': 'cumuluslinux',
  uos: 'uos',
  Deepin: 'Deepin',
};

/** Files of distributions whose version is in a text such as `CentOS Linux release 7.9.2009 (Core)`. */
const redHatFiles = ['centos-release', 'redhat-release', 'system-release'];

function redHat(file: string): { name: string; version: string } {
  const words = file.toLowerCase();
  return {
    name: words.includes('red hat') ? 'redhat' : (words.split(' ')[0] ?? ''),
    version: words.includes('rawhide') ? 'rawhide' : (/release (\w[\d.]*)/.exec(words)?.[1] ?? ''),
  };
}

/** Name and version of the Linux distribution below a root directory, as gopsutil finds them for the Collector; empty where there is none. */
export function linuxPlatform(root = ''): { readonly name: string; readonly version: string } {
  const oracle = content(`${root}/etc/oracle-release`) || content(`${root}/etc/enterprise-release`);
  if (oracle !== '') return { name: 'oracle', version: redHat(oracle).version };
  const debian = content(`${root}/etc/debian_version`);
  const lsb = assignments(`${root}/etc/lsb-release`);
  if (debian !== '') {
    const child = debianChildren[lsb['DISTRIB_ID'] ?? ''];
    return child === undefined ? { name: 'debian', version: debian } : { name: child, version: lsb['DISTRIB_RELEASE'] ?? '' };
  }
  for (const file of redHatFiles) {
    const text = content(`${root}/etc/${file}`);
    if (text !== '') return redHat(text);
  }
  if (content(`${root}/etc/arch-release`) !== '') return { name: 'arch', version: lsb['DISTRIB_RELEASE'] ?? '' };
  const alpine = content(`${root}/etc/alpine-release`);
  if (alpine !== '') return { name: 'alpine', version: alpine };
  const { ID: name = '', VERSION_ID: version = '' } = osRelease(root);
  return { name, version };
}
