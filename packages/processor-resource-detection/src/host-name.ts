import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where names come from. */
export interface NameSources {
  /** The name that the machine gives itself. */
  readonly own: string;
  /** Path of hosts(5). */
  readonly hosts: string;
  /** Path of resolv.conf(5), for its search list. */
  readonly resolvConf: string;
  /** Addresses of DNS servers; absent: the system's. */
  readonly servers?: readonly string[];
}

/** This machine's. */
export const machineNames: NameSources = { own: hostname(), hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' };

/** The words of the lines of a file, without comments; none when it cannot be read. */
function linesOf(path: string): string[][] {
  try {
    const text = readFileSync(path, 'utf8');
    return text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
  } catch {
    return [];
  }
}

/** The first name on the line that names the host. */
function canonicalInHosts(name: string, path: string): string | undefined {
  return linesOf(path).find(([, ...names]) => names.includes(name))?.[1];
}

/** The names that are looked up for a name, by the search list. */
function candidates(name: string, path: string): string[] {
  if (name.includes('.')) return [name];
  const domains = linesOf(path).findLast(([key]) => key === 'search' || key === 'domain') ?? [];
  return [...domains.slice(1).map((domain) => `${name}.${domain}`), name];
}

/** Runs questions to DNS, which are given up after the limit. */
async function asked<T>(servers: readonly string[] | undefined, limitMs: number, ask: (resolver: Resolver) => Promise<T>): Promise<T> {
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(limitMs / 2)), tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), limitMs);
  try {
    return await ask(resolver);
  } finally {
    clearTimeout(timer);
  }
}

const longestChain = 8;

/** The name at the end of the aliases of a name that DNS has an address of. */
async function followed(resolver: Resolver, name: string): Promise<string> {
  let current = name;
  for (let i = 0; i < longestChain; i++) {
    const [alias] = await resolver.resolveCname(current).catch(() => []);
    if (alias === undefined) break;
    current = alias;
  }
  await resolver.resolve4(current).catch(() => resolver.resolve6(current));
  return current;
}

/**
 * The full name of the host, as `hostname -f` finds it: from hosts(5), else the canonical name in DNS. Rejects when there is none, or not
 * within the limit.
 */
export async function fullName(limitMs: number, { own, hosts, resolvConf, servers }: NameSources = machineNames): Promise<string> {
  const known = canonicalInHosts(own, hosts);
  if (known !== undefined) return known;
  return asked(servers, limitMs, async (resolver) => {
    let failure: unknown;
    for (const candidate of candidates(own, resolvConf)) {
      try {
        return await followed(resolver, candidate);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  });
}

/** The name that an address of the host leads back to, by hosts(5) or DNS. Rejects when there is none, or not within the limit. */
export async function reverseName(limitMs: number, { own, hosts, servers }: NameSources = machineNames): Promise<string> {
  const lines = linesOf(hosts);
  const address = lines.find(([, ...names]) => names.includes(own))?.[0];
  const listed = lines.find(([other]) => other === address)?.[1];
  if (listed !== undefined) return listed;
  return asked(servers, limitMs, async (resolver) => {
    for (const each of await resolver.resolve4(own).catch(() => resolver.resolve6(own))) {
      const [name] = await resolver.reverse(each).catch(() => []);
      if (name !== undefined) return name;
    }
    throw new Error('reverseLookup failed to convert IP addresses to name');
  });
}
