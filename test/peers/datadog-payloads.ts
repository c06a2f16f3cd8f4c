import type { IntakeRequest } from './datadog-sink.ts';
import { decodeIntake } from './datadog-sink.ts';

type Fields = Readonly<Record<string, unknown>>;
type List = readonly Fields[] | undefined;

/** Spans by id, each with its chunk, payload and request; what the programs call themselves is left out. */
export async function spansOf(requests: readonly IntakeRequest[]): Promise<Record<string, unknown>> {
  const spans: Record<string, unknown> = {};
  for (const payload of await decoded(requests, '/api/v0.2/traces')) {
    const { tracerPayloads, agentVersion: _version, ...agent } = payload;
    for (const { chunks, tags, ...tracer } of tracerPayloads as readonly Fields[]) {
      const sortedTags = Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [key, (value as string).split(',').sort()]));
      for (const { spans: inChunk, ...chunk } of chunks as readonly Fields[]) {
        for (const span of inChunk as readonly Fields[]) {
          spans[String(span['spanID'])] = { ...span, chunk, tracer: { ...tracer, tags: sortedTags }, agent };
        }
      }
    }
  }
  return spans;
}

/** What the Collector sends of itself. */
const ofItself = /^(?:otel\.datadog_exporter\.|datadog\.otel\.gateway)/;

/** Series, sorted, with sorted tags; units apart, which only we send. */
export async function seriesOf(
  requests: readonly IntakeRequest[],
): Promise<{ readonly series: unknown[]; readonly units: ReadonlySet<string> }> {
  const series: Fields[] = [];
  const units = new Set<string>();
  const protobuf = requests.filter(({ headers }) => headers['content-type'] === 'application/x-protobuf');
  for (const payload of await decoded(protobuf, '/api/v2/series')) {
    for (const { unit, tags, ...rest } of (payload['series'] as List) ?? []) {
      if (ofItself.test(String(rest['metric']))) continue;
      if (unit !== undefined) units.add(`${String(rest['metric'])} ${unit as string}`);
      series.push({ ...rest, tags: [...((tags as string[] | undefined) ?? [])].sort() });
    }
  }
  return { series: sorted(series), units };
}

/** Sketches, sorted, with sorted tags; totals to eleven digits, because the last ones depend on the mathematics library. */
export async function sketchesOf(requests: readonly IntakeRequest[]): Promise<unknown[]> {
  const sketches: Fields[] = [];
  for (const payload of await decoded(requests, '/api/beta/sketches')) {
    for (const { tags, ...rest } of (payload['sketches'] as List) ?? []) {
      sketches.push({ ...(rounded(rest) as Fields), tags: [...((tags as string[] | undefined) ?? [])].sort() });
    }
  }
  return sorted(sketches);
}

/** Groups of statistics, sorted, each with its source and bucket. */
export async function groupsOf(requests: readonly IntakeRequest[]): Promise<unknown[]> {
  const groups: Fields[] = [];
  for (const payload of await decoded(requests, '/api/v0.2/stats')) {
    const { stats, agentVersion: _version, ...agent } = payload;
    for (const { stats: buckets, tracerVersion: _tracer, ...client } of (stats as List) ?? []) {
      for (const { stats: inBucket, ...bucket } of buckets as readonly Fields[]) {
        for (const group of inBucket as readonly Fields[]) groups.push({ ...group, bucket, client, agent });
      }
    }
  }
  return sorted(groups);
}

/** Log records, sorted, with their message taken apart; without the time at which they were sent. */
export function recordsOf(requests: readonly IntakeRequest[]): unknown[] {
  const records = requests
    // The agent's first request only asks whether the intake is there, with `{}`.
    .filter(({ path, body }) => path === '/api/v2/logs' && body[0] === '['.charCodeAt(0))
    .flatMap(({ body }) => JSON.parse(body.toString()) as readonly { message: string; ddtags: string; timestamp: number }[]);
  return sorted(
    records.map(({ message, ddtags, timestamp: _sent, ...rest }) => ({
      ...rest,
      ddtags: ddtags.split(',').sort(),
      message: JSON.parse(message) as Fields,
    })),
  );
}

async function decoded(requests: readonly IntakeRequest[], path: string): Promise<Fields[]> {
  const bodies = requests.filter((request) => request.path === path).map(({ body }) => body);
  return (await decodeIntake(path, bodies)) as Fields[];
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number(value.toPrecision(11));
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rounded(member)]));
}

function sorted(values: readonly Fields[]): Fields[] {
  const key = (value: Fields): string => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  return values
    .map((value) => [key(value), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}
