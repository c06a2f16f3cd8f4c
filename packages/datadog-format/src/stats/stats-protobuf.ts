import { ProtoReader } from '../proto-reader.ts';
import { ProtoWriter } from '../proto-writer.ts';
import { type ClientStats, clientStats, type GroupedStats, groupedStats, type StatsBucket, type StatsPayload } from './stats-payload.ts';

/** Encodes statistics as protobuf, the form in which the connector hands them to the exporter. */
export function encodeStats(payload: StatsPayload): Buffer {
  const writer = new ProtoWriter();
  writer.string(1, payload.agentHostname);
  writer.string(2, payload.agentEnv);
  for (const client of payload.stats) writeClient(writer, client);
  writer.string(4, payload.agentVersion);
  writer.boolean(5, payload.clientComputed);
  writer.boolean(6, payload.splitPayload);
  return writer.bytes;
}

function writeClient(writer: ProtoWriter, client: ClientStats): void {
  const mark = writer.begin(3);
  writer.string(1, client.hostname);
  writer.string(2, client.env);
  writer.string(3, client.version);
  for (const bucket of client.buckets) writeBucket(writer, bucket);
  writer.string(5, client.lang);
  writer.string(6, client.tracerVersion);
  writer.string(7, client.runtimeId);
  writer.bigint(8, client.sequence);
  writer.string(9, client.agentAggregation);
  writer.string(10, client.service);
  writer.string(11, client.containerId);
  for (const tag of client.tags) writer.text(12, tag);
  writer.string(13, client.gitCommitSha);
  writer.string(14, client.imageTag);
  writer.bigint(15, client.processTagsHash);
  writer.string(16, client.processTags);
  writer.end(mark);
}

function writeBucket(writer: ProtoWriter, bucket: StatsBucket): void {
  const mark = writer.begin(4);
  writer.bigint(1, bucket.start);
  writer.bigint(2, bucket.duration);
  for (const group of bucket.groups) writeGroup(writer, group);
  writer.bigint(4, bucket.agentTimeShift);
  writer.end(mark);
}

function writeGroup(writer: ProtoWriter, group: GroupedStats): void {
  const mark = writer.begin(3);
  writer.string(1, group.service);
  writer.string(2, group.name);
  writer.string(3, group.resource);
  writer.integer(4, group.httpStatusCode);
  writer.string(5, group.type);
  writer.string(6, group.dbType);
  writer.bigint(7, group.hits);
  writer.bigint(8, group.errors);
  writer.bigint(9, group.duration);
  writer.raw(10, group.okSummary);
  writer.raw(11, group.errorSummary);
  writer.boolean(12, group.synthetics);
  writer.bigint(13, group.topLevelHits);
  writer.string(15, group.spanKind);
  for (const tag of group.peerTags) writer.text(16, tag);
  writer.integer(17, group.isTraceRoot);
  writer.string(18, group.grpcStatusCode);
  writer.string(19, group.httpMethod);
  writer.string(20, group.httpEndpoint);
  writer.end(mark);
}

/** Decodes what `encodeStats`, or contrib's connector, wrote. Throws a `RangeError` on bytes that are no protobuf. */
export function decodeStats(bytes: Buffer): StatsPayload {
  const payload = {
    agentHostname: '',
    agentEnv: '',
    agentVersion: '',
    clientComputed: false,
    splitPayload: false,
    stats: [] as ClientStats[],
  };
  const reader = new ProtoReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) payload.agentHostname = reader.string();
    else if (reader.field === 2) payload.agentEnv = reader.string();
    else if (reader.field === 3) payload.stats.push(readClient(reader.message()));
    else if (reader.field === 4) payload.agentVersion = reader.string();
    else if (reader.field === 5) payload.clientComputed = reader.boolean();
    else if (reader.field === 6) payload.splitPayload = reader.boolean();
    else reader.skip();
  }
  return payload;
}

const clientFields: Readonly<Record<number, (client: ClientStats, reader: ProtoReader) => void>> = {
  1: (client, reader) => void (client.hostname = reader.string()),
  2: (client, reader) => void (client.env = reader.string()),
  3: (client, reader) => void (client.version = reader.string()),
  4: (client, reader) => void client.buckets.push(readBucket(reader.message())),
  5: (client, reader) => void (client.lang = reader.string()),
  6: (client, reader) => void (client.tracerVersion = reader.string()),
  7: (client, reader) => void (client.runtimeId = reader.string()),
  8: (client, reader) => void (client.sequence = reader.bigint()),
  9: (client, reader) => void (client.agentAggregation = reader.string()),
  10: (client, reader) => void (client.service = reader.string()),
  11: (client, reader) => void (client.containerId = reader.string()),
  12: (client, reader) => void client.tags.push(reader.string()),
  13: (client, reader) => void (client.gitCommitSha = reader.string()),
  14: (client, reader) => void (client.imageTag = reader.string()),
  15: (client, reader) => void (client.processTagsHash = reader.bigint()),
  16: (client, reader) => void (client.processTags = reader.string()),
};

const bucketFields: Readonly<Record<number, (bucket: StatsBucket, reader: ProtoReader) => void>> = {
  1: (bucket, reader) => void (bucket.start = reader.bigint()),
  2: (bucket, reader) => void (bucket.duration = reader.bigint()),
  3: (bucket, reader) => void bucket.groups.push(readFields(groupedStats({}), groupFields, reader.message())),
  4: (bucket, reader) => void (bucket.agentTimeShift = reader.bigint()),
};

const groupFields: Readonly<Record<number, (group: GroupedStats, reader: ProtoReader) => void>> = {
  1: (group, reader) => void (group.service = reader.string()),
  2: (group, reader) => void (group.name = reader.string()),
  3: (group, reader) => void (group.resource = reader.string()),
  4: (group, reader) => void (group.httpStatusCode = reader.integer()),
  5: (group, reader) => void (group.type = reader.string()),
  6: (group, reader) => void (group.dbType = reader.string()),
  7: (group, reader) => void (group.hits = reader.bigint()),
  8: (group, reader) => void (group.errors = reader.bigint()),
  9: (group, reader) => void (group.duration = reader.bigint()),
  10: (group, reader) => void (group.okSummary = reader.bytes()),
  11: (group, reader) => void (group.errorSummary = reader.bytes()),
  12: (group, reader) => void (group.synthetics = reader.boolean()),
  13: (group, reader) => void (group.topLevelHits = reader.bigint()),
  15: (group, reader) => void (group.spanKind = reader.string()),
  16: (group, reader) => void group.peerTags.push(reader.string()),
  17: (group, reader) => void (group.isTraceRoot = reader.integer()),
  18: (group, reader) => void (group.grpcStatusCode = reader.string()),
  19: (group, reader) => void (group.httpMethod = reader.string()),
  20: (group, reader) => void (group.httpEndpoint = reader.string()),
};

function readClient(reader: ProtoReader): ClientStats {
  return readFields(clientStats({}), clientFields, reader);
}

function readBucket(reader: ProtoReader): StatsBucket {
  return readFields({ start: 0n, duration: 0n, agentTimeShift: 0n, groups: [] }, bucketFields, reader);
}

function readFields<T>(into: T, fields: Readonly<Record<number, (into: T, reader: ProtoReader) => void>>, reader: ProtoReader): T {
  while (reader.next()) {
    const read = fields[reader.field];
    if (read === undefined) reader.skip();
    else read(into, reader);
  }
  return into;
}
