import { MsgpackWriter } from '../msgpack-writer.ts';
import { partsPayload, type Payload } from '../payload.ts';
import type { ClientStats, GroupedStats, StatsBucket, StatsPayload } from './stats-payload.ts';

/** The most groups that the agent puts into one request. */
const maxGroups = 4000;

/** Encodes statistics as the requests that the intake takes, of at most 4000 groups each; items are groups. */
export function encodeStatsRequests(payload: StatsPayload): Payload[] {
  const parts: Part[] = payload.stats.flatMap((client) =>
    client.buckets.flatMap((bucket) => bucket.groups.map((group): Part => ({ client, bucket, group }))),
  );
  const result: Payload[] = [];
  const isSplit = parts.length > maxGroups || payload.splitPayload;
  for (let from = 0; from < parts.length; from += maxGroups) {
    const some = parts.slice(from, from + maxGroups);
    result.push(
      partsPayload(
        some,
        (those) => encodePart(payload, those, isSplit || those.length < some.length),
        () => 1,
      ),
    );
  }
  return result;
}

interface Part {
  readonly client: ClientStats;
  readonly bucket: StatsBucket;
  readonly group: GroupedStats;
}

/** Puts groups that belong together back under their source and bucket. */
function regrouped(parts: readonly Part[]): ClientStats[] {
  const clients: ClientStats[] = [];
  for (const [i, { client, bucket, group }] of parts.entries()) {
    const before = parts[i - 1];
    if (client !== before?.client) clients.push({ ...client, buckets: [] });
    const { buckets } = clients.at(-1)!;
    if (client !== before?.client || bucket !== before.bucket) buckets.push({ ...bucket, groups: [] });
    buckets.at(-1)!.groups.push(group);
  }
  return clients;
}

function encodePart(payload: StatsPayload, parts: readonly Part[], isSplit: boolean): Buffer {
  const out = new MsgpackWriter();
  const clients = regrouped(parts);
  out.map(6);
  text(out, 'AgentHostname', payload.agentHostname);
  text(out, 'AgentEnv', payload.agentEnv);
  out.string('Stats');
  out.array(clients.length);
  for (const client of clients) writeClient(out, client);
  text(out, 'AgentVersion', payload.agentVersion);
  flag(out, 'ClientComputed', payload.clientComputed);
  flag(out, 'SplitPayload', isSplit);
  return out.bytes;
}

function writeClient(out: MsgpackWriter, client: ClientStats): void {
  out.map(16);
  text(out, 'Hostname', client.hostname);
  text(out, 'Env', client.env);
  text(out, 'Version', client.version);
  out.string('Stats');
  out.array(client.buckets.length);
  for (const { start, duration, groups, agentTimeShift } of client.buckets) {
    out.map(4);
    number(out, 'Start', start);
    number(out, 'Duration', duration);
    out.string('Stats');
    out.array(groups.length);
    for (const group of groups) writeGroup(out, group);
    number(out, 'AgentTimeShift', agentTimeShift);
  }
  text(out, 'Lang', client.lang);
  text(out, 'TracerVersion', client.tracerVersion);
  text(out, 'RuntimeID', client.runtimeId);
  number(out, 'Sequence', client.sequence);
  text(out, 'AgentAggregation', client.agentAggregation);
  text(out, 'Service', client.service);
  text(out, 'ContainerID', client.containerId);
  list(out, 'Tags', client.tags);
  text(out, 'GitCommitSha', client.gitCommitSha);
  text(out, 'ImageTag', client.imageTag);
  number(out, 'ProcessTagsHash', client.processTagsHash);
  text(out, 'ProcessTags', client.processTags);
}

function writeGroup(out: MsgpackWriter, group: GroupedStats): void {
  out.map(19);
  text(out, 'Service', group.service);
  text(out, 'Name', group.name);
  text(out, 'Resource', group.resource);
  out.string('HTTPStatusCode');
  out.unsigned(group.httpStatusCode);
  text(out, 'Type', group.type);
  text(out, 'DBType', group.dbType);
  number(out, 'Hits', group.hits);
  number(out, 'Errors', group.errors);
  number(out, 'Duration', group.duration);
  out.string('OkSummary');
  out.binary(group.okSummary);
  out.string('ErrorSummary');
  out.binary(group.errorSummary);
  flag(out, 'Synthetics', group.synthetics);
  number(out, 'TopLevelHits', group.topLevelHits);
  text(out, 'SpanKind', group.spanKind);
  list(out, 'PeerTags', group.peerTags);
  out.string('IsTraceRoot');
  out.unsigned(group.isTraceRoot);
  text(out, 'GRPCStatusCode', group.grpcStatusCode);
  text(out, 'HTTPMethod', group.httpMethod);
  text(out, 'HTTPEndpoint', group.httpEndpoint);
}

function text(out: MsgpackWriter, key: string, value: string): void {
  out.string(key);
  out.string(value);
}

function number(out: MsgpackWriter, key: string, value: bigint): void {
  out.string(key);
  out.bigint(value);
}

function flag(out: MsgpackWriter, key: string, value: boolean): void {
  out.string(key);
  out.boolean(value);
}

function list(out: MsgpackWriter, key: string, values: readonly string[]): void {
  out.string(key);
  out.array(values.length);
  for (const value of values) out.string(value);
}
