import { hash } from 'node:crypto';
import { converter, int, listOf, optional, string } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { contains, parseCidr, parseIp } from '../text/ip-address.ts';
import type { Network } from '../text/ip-address.ts';
import { hostname, parseQuery, parseUrl, portOf, urlText, userInfo } from '../text/url.ts';
import type { Value } from '../value.ts';

const protocols: { readonly [name: string]: number } = { ICMP: 1, TCP: 6, UDP: 17, RSVP: 46, ICMP6: 58, SCTP: 132 };
const maxPort = 0xffffn;

/** One end of a connection. */
interface Endpoint {
  readonly ip: Uint8Array;
  readonly port: number;
}

function endpoint(name: string, ip: string, port: bigint): Endpoint {
  if (port < 0n || port > maxPort) throw new OttlError(`${name} port must be between 0 and 65535, got ${port}`);
  const bytes = parseIp(ip);
  if (bytes === undefined) throw new OttlError(`invalid ${name} IP: ${ip}`);
  return { ip: bytes, port: Number(port) };
}

/** `CommunityID(source_ip, source_port, destination_ip, destination_port, protocol?, seed?)`: the Community ID, version 1, of a connection. */
const communityId = converter(
  'CommunityID',
  {
    source_ip: string,
    source_port: int,
    destination_ip: string,
    destination_port: int,
    protocol: optional(string),
    seed: optional(int),
  },
  ({ source_ip: sourceIp, source_port: sourcePort, destination_ip: destinationIp, destination_port: destinationPort, protocol, seed }) =>
    (context) => {
      const source = endpoint('source', sourceIp(context), sourcePort(context));
      const destination = endpoint('destination', destinationIp(context), destinationPort(context));
      const protocolName = protocol?.(context) ?? 'TCP';
      if (!Object.hasOwn(protocols, protocolName)) throw new OttlError(`unsupported protocol: ${protocolName}`);
      const salt = seed?.(context) ?? 0n;
      if (salt < 0n || salt > maxPort) throw new OttlError(`seed must be between 0 and 65535, got ${salt}`);
      // Both directions have the same id: the lower end comes first.
      const order = source.ip.length - destination.ip.length || Buffer.compare(source.ip, destination.ip) || source.port - destination.port;
      const [first, second] = order > 0 ? [destination, source] : [source, destination];
      const tuple = Buffer.alloc(8 + first.ip.length + second.ip.length);
      let at = tuple.writeUInt16BE(Number(salt));
      tuple.set(first.ip, at);
      tuple.set(second.ip, (at += first.ip.length));
      at = tuple.writeUInt8(protocols[protocolName]!, at + second.ip.length) + 1;
      at = tuple.writeUInt16BE(first.port, at);
      tuple.writeUInt16BE(second.port, at);
      return `1:${hash('sha1', tuple, 'base64')}`;
    },
);

function network(text: string): Network {
  try {
    return parseCidr(text);
  } catch (error) {
    throw new OttlError((error as Error).message);
  }
}

/** `IsInCIDR(ip, networks)`: whether an address is in one of the networks; false for what is no address. */
const isInCidr = converter('IsInCIDR', { target: string, networks: listOf(string) }, ({ target, networks }) => {
  const isConstant = networks.every(({ literal }) => literal !== undefined);
  const constant = isConstant ? networks.map(({ literal }) => network(literal!.value)) : undefined;
  return (context) => {
    const address = parseIp(target(context));
    if (address === undefined) return false;
    if (constant !== undefined) return constant.some((each) => contains(each, address));
    return networks.some((each) => contains(network(each(context)), address));
  };
});

/** `URL(url)`: the parts of a URL under the names of the semantic conventions; of a text that starts with `?` the parameters. */
const url = converter('URL', { uri: string }, ({ uri }) => (context) => {
  const text = uri(context);
  if (text === '') throw new OttlError('url cannot be empty');
  const result = new Map<string, Value>();
  if (text.startsWith('?')) {
    const parameters = parseQuery(text.slice(1));
    if (parameters.size > 0) result.set('query', parameters);
    return result;
  }
  const parts = parseUrl(text);
  result.set('url.original', urlText(parts));
  result.set('url.domain', hostname(parts.host));
  result.set('url.scheme', parts.scheme);
  result.set('url.path', parts.path);
  const port = portOf(parts.host);
  if (port !== '') result.set('url.port', BigInt(port));
  if (parts.fragment !== '') result.set('url.fragment', parts.fragment);
  if (parts.user !== undefined) {
    result.set('url.user_info', userInfo(parts.user));
    if (parts.user.name !== '') result.set('url.username', parts.user.name);
    if (parts.user.password !== undefined) result.set('url.password', parts.user.password);
  }
  if (parts.query !== '') result.set('url.query', parts.query);
  const dot = parts.path.lastIndexOf('.');
  if (dot !== -1 && dot < parts.path.length - 1) result.set('url.extension', parts.path.slice(dot + 1));
  return result;
});

/** Functions of addresses. */
export const networkFunctions: readonly FunctionDefinition[] = [communityId, isInCidr, url];
