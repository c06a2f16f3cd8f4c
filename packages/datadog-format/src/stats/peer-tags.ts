import { isIP, isIPv4 } from 'node:net';

const ownService = '_dd.base_service';

/** Attributes from which the intake derives whom a client talked to (peer_tags.ini of the Datadog Agent). */
const defaults = (
  'tablename streamname bucketname aws.s3.bucket queuename db.cassandra.contact.points db.couchbase.seed.nodes db.name mongodb.db ' +
  'db.instance cassandra.keyspace db.namespace db.system active_record.db.vendor db.type sequel.db.vendor peer.hostname hostname ' +
  'net.peer.name db.hostname network.destination.name grpc.host http.host server.address http.server_name out.host dns.hostname ' +
  'network.destination.ip messaging.kafka.bootstrap.servers topicname messaging.destination messaging.destination.name ' +
  'messaging.rabbitmq.exchange amqp.destination amqp.queue amqp.exchange msmq.queue.path aws.queue.name messaging.system rpc.service ' +
  'rpc.system peer.service'
).split(' ');

/** The peer tags that are looked at: the defaults and more; none when they are not aggregated. */
export function peerTagKeys(isAggregated: boolean, more: readonly string[]): string[] {
  return isAggregated ? [...new Set([ownService, ...defaults, ...more])].sort() : [];
}

/** The peer tags of a span as `key:value`: those of clients, producers and consumers, and a replaced service of others. */
export function matchingPeerTags(meta: ReadonlyMap<string, string>, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const kind = (meta.get('span.kind') ?? '').toLowerCase();
  const isOverridden = (kind === '' || kind === 'internal') && (meta.get(ownService) ?? '') !== '';
  if (!isOverridden && kind !== 'client' && kind !== 'producer' && kind !== 'consumer') return [];
  const tags: string[] = [];
  for (const key of isOverridden ? [ownService] : keys) {
    const value = meta.get(key) ?? '';
    if (value !== '') tags.push(`${key}:${withoutAddresses(value)}`);
  }
  return tags;
}

/** Addresses of machines that everybody has, such as those of cloud metadata. */
const commonAddresses = new Set(['127.0.0.1', '::1', '169.254.169.254', 'fd00:ec2::254', '169.254.170.2']);

/** Replaces IP addresses in a list, which would make too many groups; their ports stay. */
function withoutAddresses(list: string): string {
  return [...new Set(list.split(',').map(withoutAddress))].join(',');
}

function withoutAddress(value: string): string {
  const [, prefix, rest] = /^((?:ip-|(?:dnspoll|ftp|file|https?):\/{2,3})?)(.*)$/s.exec(value) ?? ['', '', value];
  const withPort = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(rest!);
  const host = withPort?.[1] ?? withPort?.[2] ?? rest!;
  const address = isIP(host) !== 0 ? host : (/^(?:\d{1,3}([._-]))(?:\d{1,3}\1){2}\d{1,3}(?!\d)/.exec(host)?.[0] ?? '');
  if (address === '' || commonAddresses.has(address)) return value;
  if (isIP(address) === 0 && !isIPv4(address.replace(/[_-]/g, '.'))) return value;
  const port = withPort === null ? '' : `:${withPort[3]}`;
  return `${prefix}blocked-ip-address${port}${host.slice(address.length)}`;
}
