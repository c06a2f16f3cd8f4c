import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import { exportRequest, incidentKinds, incidentsBetween, listPrice, priceSettings, tasks, traffic } from '@millrace/demo';
import type { DemoRequest, Incident, IncidentKind } from '@millrace/demo';
import { connectorFactory } from '@millrace/processor-anomaly';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** A Sunday; the price of a model changes a week later. */
export const begin: number = Date.UTC(2026, 10, 1);

/** How a run is made. The volume is thin, and full around incidents and in bursts: 50 times as many calls from one minute to the next. */
export interface RunOptions {
  readonly seed: string;
  /** After one day without incidents, in which everything is learned. */
  readonly days: number;
  readonly thinPerSecond: number;
  readonly fullPerSecond: number;
  readonly config?: object;
  /** Calls of a batch are of so much event time. */
  readonly batchMs?: number;
}

/** What was said of an anomaly. */
export interface Onset {
  readonly kind: string;
  readonly startedMs: number;
  readonly detectedMs: number;
  readonly endedMs: number;
  readonly group: string;
  readonly text: string;
}

/** An incident, and when it was caught. */
export interface Outcome {
  readonly incident: Incident;
  /** How much it changed: by what factor, or how many points of a share or score. */
  readonly moved: number;
  /** Event time from the first affected call to the onset, in seconds; undefined: missed. */
  readonly delaySeconds: number | undefined;
  /** What is promised of it, in seconds; undefined when it is too small or calls are too few. */
  readonly promisedSeconds: number | undefined;
}

/** What came of a run. */
export interface RunResult {
  readonly seed: string;
  readonly outcomes: readonly Outcome[];
  /** Outside of incidents, and of another kind inside. */
  readonly falsePositives: readonly Onset[];
  readonly requests: number;
  readonly onsets: readonly Onset[];
  /** Everything that came out, byte for byte. */
  readonly output: string;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Kinds that an incident also shows as: more output takes longer. */
const shows: Readonly<Record<IncidentKind, readonly string[]>> = {
  cost_spike: ['cost_spike', 'latency_spike'],
  latency_spike: ['latency_spike'],
  error_burst: ['error_rate'],
  cache_degradation: ['cache_degradation'],
  quality_drop: ['quality_drop'],
};

/** The parts of a run with full traffic. */
function fullParts(incidents: readonly Incident[], days: number): Span[] {
  const parts = incidents.flatMap(({ fromMs, untilMs }) => [
    { startMs: fromMs - minute, endMs: fromMs + 3 * minute },
    { startMs: untilMs, endMs: untilMs + minute },
  ]);
  for (let at = 1; at < days; at++) parts.push({ startMs: begin + at * day + 7 * hour, endMs: begin + at * day + 7 * hour + 5 * minute });
  return parts.map(({ startMs, endMs }) => ({
    startMs: Math.floor(Math.max(begin, startMs) / minute) * minute,
    endMs: Math.ceil(endMs / minute) * minute,
  }));
}

function* requestsOf({ seed, days, thinPerSecond, fullPerSecond }: RunOptions, incidents: readonly Incident[]): Generator<DemoRequest> {
  const endMs = begin + days * day;
  const full = new Set(
    fullParts(incidents, days).flatMap(({ startMs, endMs: until }) => {
      const minutes: number[] = [];
      for (let at = startMs; at < until; at += minute) minutes.push(at);
      return minutes;
    }),
  );
  for (let fromMs = begin; fromMs < endMs;) {
    const isFull = full.has(fromMs);
    let untilMs = fromMs + minute;
    while (untilMs < endMs && untilMs - fromMs < hour && full.has(untilMs) === isFull && untilMs % day !== 0) untilMs += minute;
    const kinds = fromMs < begin + day ? [] : incidentKinds;
    yield* traffic({ seed, requestsPerSecond: isFull ? fullPerSecond : thinPerSecond, incidents: kinds }, fromMs, untilMs);
    fromMs = untilMs;
  }
}

/** Runs the traffic of a seed through the connector, in process. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, days, batchMs = 20 * second } = options;
  const all = incidentsBetween(seed, incidentKinds, begin + day, begin + days * day);
  const sink = new Sink();
  const clock = new FakeClock(Date.UTC(2027, 0, 1));
  const context = testContext({ id: 'anomaly', kind: 'connector', signal: 'traces', clock });
  const config = configOf(connectorFactory, { prices: priceSettings(), ...options.config });
  const stage = connectorFactory.create(config, { all: sink, byPipeline: new Map([['logs/out', sink]]) }, context);
  const host = testHost();
  await stage.start?.(host);
  let requests = 0;
  const send = async (batch: readonly DemoRequest[]): Promise<void> => {
    requests += batch.length;
    const body = Buffer.from(JSON.stringify(exportRequest(batch)));
    const lease = host.pool.lease(body.length);
    lease.buffer.set(body);
    using admitted = admitJson('traces', lease, 0, body.length, noClient);
    await stage.consume(admitted);
  };
  let batch: DemoRequest[] = [];
  const facts = new Facts(all);
  for (const request of requestsOf(options, all)) {
    facts.add(request);
    if (batch.length > 0 && (Math.floor(request.unixMs / batchMs) !== Math.floor(batch[0]!.unixMs / batchMs) || batch.length >= 500)) {
      await send(batch);
      batch = [];
    }
    batch.push(request);
  }
  await send(batch);
  await settle();
  const stopped = stage.shutdown?.(noDeadline());
  await clock.advance(1000);
  await stopped;
  const onsets = onsetsOf(sink.requests);
  const outcomes = all.map((incident) => facts.outcome(incident, onsets)).filter((outcome) => outcome !== undefined);
  const falsePositives = onsets.filter(
    ({ kind, startedMs, detectedMs }) =>
      !all.some(
        ({ kind: incident, fromMs, untilMs }) =>
          shows[incident].includes(kind) && detectedMs >= fromMs && startedMs <= untilMs + 3 * minute,
      ),
  );
  return {
    seed,
    outcomes,
    falsePositives,
    requests,
    onsets,
    output: sink.requests.map((bytes) => Buffer.from(bytes).toString('hex')).join('\n'),
  };
}

/** Gathers what the incidents did to the first calls. */
class Facts {
  readonly #incidents: readonly Incident[];
  readonly #seen = new Map<Incident, { ends: number[]; requests: number; with: number; without: number }>();

  constructor(incidents: readonly Incident[]) {
    this.#incidents = incidents;
    for (const incident of incidents) this.#seen.set(incident, { ends: [], requests: 0, with: 0, without: 0 });
  }

  add(request: DemoRequest): void {
    const { unixMs, task, attempts, answeredByCache, quality } = request;
    for (const incident of this.#incidents) {
      if (unixMs < incident.fromMs || unixMs >= incident.untilMs || unixMs > incident.fromMs + 10 * minute) continue;
      if (incident.task !== undefined && incident.task !== task.name) continue;
      const seen = this.#seen.get(incident)!;
      if (unixMs < incident.fromMs + 20 * second) seen.requests++;
      const last = attempts.at(-1)!;
      const endMs = last.startMs + last.durationMs;
      if (incident.kind === 'cache_degradation') seen.ends.push(answeredByCache ? last.startMs : endMs);
      else if (answeredByCache) continue;
      else if (incident.kind === 'error_burst') for (const attempt of attempts) seen.ends.push(attempt.startMs + attempt.durationMs);
      else if (incident.kind !== 'quality_drop') seen.ends.push(endMs);
      else if (quality !== undefined) seen.ends.push(endMs);
      if (incident.kind === 'cost_spike' && last.errorType === '') {
        // Tokens of the prompt grow by the size of the incident, those of the answer by its root.
        const cost = Number(listPrice(last.model, last, last.startMs) ?? 0n);
        const before = {
          input: Math.round(last.input / incident.size),
          cacheRead: Math.round(last.cacheRead / incident.size),
          cacheWrite: Math.round(last.cacheWrite / incident.size),
          output: Math.round(last.output / Math.sqrt(incident.size)),
          reasoning: Math.round(last.reasoning / Math.sqrt(incident.size)),
        };
        seen.with += cost;
        seen.without += Number(listPrice(last.model, before, last.startMs) ?? 0n);
      }
    }
  }

  /** Undefined of an incident that began before the first day ended, or begins while another one of its kind, or its traces, are there, or that shows in no call. */
  outcome(incident: Incident, onsets: readonly Onset[]): Outcome | undefined {
    const { kind, fromMs, untilMs, size, task } = incident;
    const overlaps = this.#incidents.some(
      (other) =>
        other !== incident &&
        shows[other.kind].includes(shows[kind][0]!) &&
        other.fromMs <= untilMs &&
        other.untilMs + 30 * minute > fromMs,
    );
    const seen = this.#seen.get(incident)!;
    const ends = seen.ends.sort((a, b) => a - b);
    if (overlaps || fromMs < begin + day || ends.length === 0) return undefined;
    // Of calls that fail or are answered otherwise, nothing else can be seen.
    const isAlone = this.#incidents.every((other) => other === incident || other.fromMs > fromMs + minute || other.untilMs < fromMs);
    const caught = onsets.find((onset) => onset.kind === shows[kind][0] && onset.detectedMs > fromMs && onset.startedMs <= untilMs);
    // Calls that take longer than that cannot be known to.
    const ended = ends.filter((end) => end <= ends[0]! + 20 * second).length;
    // What is still open, as calls are few after an incident, does not begin again.
    const isOpen = onsets.some(
      (onset) =>
        onset.kind === shows[kind][0] &&
        onset.detectedMs <= fromMs &&
        onset.endedMs > fromMs &&
        (onset.group === '/' || onset.group === `/${task ?? ''}`),
    );
    if (isOpen) return undefined;
    const isBusy = seen.requests >= 20 && (ended >= 10 || !['cost_spike', 'latency_spike'].includes(kind));
    const hits = Math.min(
      ...tasks.filter(({ name }) => task === undefined || name === task).map(({ cacheHits: [a, b, c] }) => 1 - (1 - a) * (1 - b) * (1 - c)),
    );
    const moved = {
      cost_spike: seen.with / seen.without,
      latency_spike: size,
      error_burst: size,
      cache_degradation: hits * (1 - size),
      quality_drop: size,
    }[kind];
    const isLarge = {
      cost_spike: moved >= 3,
      latency_spike: moved >= 3,
      error_burst: moved >= 0.2,
      cache_degradation: moved >= 0.2,
      quality_drop: true,
    }[kind];
    const since = kind === 'cost_spike' || kind === 'latency_spike' ? ends[0]! : (ends[29] ?? Infinity);
    const isPromised = isLarge && isBusy && isAlone && Number.isFinite(since);
    return {
      incident,
      moved,
      delaySeconds: caught === undefined ? undefined : (caught.detectedMs - ends[0]!) / second,
      promisedSeconds: isPromised ? 20 + (since - ends[0]!) / second : undefined,
    };
  }
}

interface PlainLog {
  readonly eventName?: string;
  readonly body?: { readonly stringValue?: string };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

function onsetsOf(requests: readonly Uint8Array[]): Onset[] {
  const onsets: Onset[] = [];
  for (const bytes of requests) {
    const plain = toPlain('logs', bytes) as unknown as { resourceLogs: { scopeLogs: { logRecords: PlainLog[] }[] }[] };
    for (const log of plain.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))) {
      const texts = Object.fromEntries(log.attributes.map(({ key, value }) => [key, value.stringValue]));
      const group = `${texts['gen_ai.request.model'] ?? ''}/${texts['millrace.task_type'] ?? ''}`;
      const kind = texts['anomaly.kind']!;
      if (log.eventName === 'anomaly.started') {
        const [startedMs, detectedMs] = [Date.parse(texts['anomaly.started']!), Date.parse(texts['anomaly.detected']!)];
        onsets.push({ kind, group, startedMs, detectedMs, endedMs: Infinity, text: log.body?.stringValue ?? '' });
      } else {
        const open = onsets.findLastIndex((onset) => onset.kind === kind && onset.group === group);
        if (open >= 0) onsets[open] = { ...onsets[open]!, endedMs: Date.parse(texts['anomaly.ended']!) };
      }
    }
  }
  return onsets;
}
