import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces as nodeInterfaces } from 'node:os';

/** A network interface. */
export interface NetworkInterface {
  /** Number of the interface, in the order in which they were made. */
  readonly index: number;
  readonly name: string;
  /** Lower-case, with colons; '' for none. */
  readonly mac: string;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  /** Without loopback addresses. */
  readonly addresses: readonly string[];
}

const up = 1;
const loopback = 8;

/** All network interfaces, in the order in which they were made. Elsewhere than on Linux only those that are up and have an address. */
export function networkInterfaces(): NetworkInterface[] {
  const known = nodeInterfaces();
  const addressesOf = (name: string): string[] => (known[name] ?? []).filter(({ internal }) => !internal).map(({ address }) => address);
  let names: string[];
  try {
    names = readdirSync('/sys/class/net');
  } catch {
    return Object.entries(known).map(([name, entries = []], index) => ({
      index,
      name,
      mac: entries[0]?.mac ?? '',
      isUp: true,
      isLoopback: entries.every(({ internal }) => internal),
      addresses: addressesOf(name),
    }));
  }
  return names
    .map((name) => {
      const read = (file: string): string => readFileSync(`/sys/class/net/${name}/${file}`, 'utf8').trim();
      const flags = Number(read('flags'));
      return {
        index: Number(read('ifindex')),
        name,
        mac: read('address'),
        isUp: (flags & up) !== 0,
        isLoopback: (flags & loopback) !== 0,
        addresses: addressesOf(name),
      };
    })
    .toSorted((a, b) => a.index - b.index);
}
