import { incidentsBetween } from './incidents.ts';
import type { Incident, IncidentKind } from './incidents.ts';
import { Random } from './random.ts';
import { modelOf, tasks, teams } from './world.ts';
import type { DemoModel, DemoTask } from './world.ts';

/** One call of a model: the first try, a retry, or a try with another vendor. */
export interface Attempt {
  readonly model: DemoModel;
  readonly reason: 'first' | 'retry' | 'failover';
  readonly startMs: number;
  readonly durationMs: number;
  readonly firstChunkMs: number;
  /** '' when it went well. */
  readonly errorType: '' | 'rate_limit' | 'timeout' | 'server_error';
  /** Disjoint; 0 of a call that failed. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  /** Output that is not shown. */
  readonly reasoning: number;
  /** Whether the vendor says what was used; some streams end without it. */
  readonly saysUsage: boolean;
  /** What the vendor says it charged, of the list price: 1.02 is 2 % more. Undefined when it says nothing. */
  readonly charged: number | undefined;
}

/** One request of a user to the application. */
export interface DemoRequest {
  readonly unixMs: number;
  readonly task: DemoTask;
  readonly team: string;
  readonly user: string;
  readonly version: string;
  readonly traceId: string;
  readonly streamed: boolean;
  /** The tiers of the application's cache that were asked, in order; only the last one can have had the answer. */
  readonly cache: readonly { readonly tier: string; readonly hit: boolean; readonly latencyMs: number }[];
  /** What would have been asked of which model, had no cache answered; the calls that were made otherwise. */
  readonly attempts: readonly Attempt[];
  readonly answeredByCache: boolean;
  /** Points of 5; undefined when nobody judged. */
  readonly quality: number | undefined;
}

/** A batch job: requests that are answered when the vendor has time, for less. */
export interface BatchJob {
  readonly unixMs: number;
  readonly model: DemoModel;
  readonly requests: readonly { readonly input: number; readonly output: number }[];
}

/** How the traffic is made. */
export interface TrafficOptions {
  /** The same seed makes the same traffic, byte for byte. */
  readonly seed: string;
  /** Requests a second over a week, on average. */
  readonly requestsPerSecond: number;
  readonly incidents: readonly IncidentKind[];
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** How busy an hour is, of the average: people work by day, less on weekends, and no minute is like the last. */
export function load(unixMs: number): number {
  const day = (Math.floor(unixMs / dayMs) + 4) % 7;
  const hour = (unixMs % dayMs) / 3_600_000;
  const daily = 1 + 0.62 * Math.sin(((hour - 8.5) / 24) * 2 * Math.PI) + 0.16 * Math.sin(((hour - 4) / 12) * 2 * Math.PI);
  return daily * (day === 0 || day === 6 ? 0.6 : 1.16);
}

/** The requests from one moment to before another, in order of time. A minute is the same whatever range it is made for. */
export function* traffic(options: TrafficOptions, fromMs: number, untilMs: number): Generator<DemoRequest> {
  const incidents = incidentsBetween(options.seed, options.incidents, fromMs - minuteMs, untilMs);
  for (let minute = Math.floor(fromMs / minuteMs); minute * minuteMs < untilMs; minute++) {
    const random = new Random(options.seed, 'minute', minute);
    const noise = Math.exp(0.05 * random.normal());
    const count = random.poisson(options.requestsPerSecond * 60 * load(minute * minuteMs) * noise);
    const times = Array.from({ length: count }, () => minute * minuteMs + Math.floor(random.next() * minuteMs)).sort((a, b) => a - b);
    for (const [index, unixMs] of times.entries()) {
      if (unixMs < fromMs || unixMs >= untilMs) continue;
      yield requestAt(options.seed, unixMs, new Random(options.seed, 'request', minute, index), incidents);
    }
  }
}

/** What a user of the API may choose about a request. */
export interface Wish {
  readonly task?: DemoTask;
  readonly model?: DemoModel;
  readonly user?: string;
}

/** The request that somebody sends at a moment; `number` tells requests of the same moment apart. */
export function wished({ seed, incidents }: TrafficOptions, unixMs: number, number: number, wish: Wish): DemoRequest {
  const going = incidentsBetween(seed, incidents, unixMs, unixMs + 1);
  return requestAt(seed, unixMs, new Random(seed, 'wished', unixMs, number), going, wish);
}

/** The batch jobs that end from one moment to before another: one at half past each hour. */
export function* batchJobs({ seed }: TrafficOptions, fromMs: number, untilMs: number): Generator<BatchJob> {
  for (let hour = Math.floor(fromMs / hourMs); hour * hourMs < untilMs; hour++) {
    const unixMs = hour * hourMs + hourMs / 2;
    if (unixMs < fromMs || unixMs >= untilMs) continue;
    const random = new Random(seed, 'batch', hour);
    const requests = Array.from({ length: Math.floor(random.between(20, 60)) }, () => ({
      input: Math.round(random.lognormal(1200, 0.4)),
      output: Math.max(1, Math.round(random.lognormal(40, 0.4))),
    }));
    yield { unixMs, model: modelOf('gpt-4o-mini'), requests };
  }
}

/** A new version every second day or so, at ten in the morning; it is a little faster or slower than the one before. */
function versionAt(seed: string, unixMs: number): { name: string; pace: number } {
  const release = Math.floor((unixMs - 10 * 3_600_000) / (2 * dayMs));
  return { name: `1.${release % 1000}.0`, pace: new Random(seed, 'release', release).between(0.96, 1.05) };
}

function requestAt(seed: string, unixMs: number, random: Random, incidents: readonly Incident[], wish: Wish = {}): DemoRequest {
  const task = wish.task ?? random.pick(tasks, ({ share }) => share);
  const size = (kind: IncidentKind): number | undefined =>
    incidents.find(
      (incident) =>
        incident.kind === kind &&
        unixMs >= incident.fromMs &&
        unixMs < incident.untilMs &&
        (incident.task === undefined || incident.task === task.name),
    )?.size;
  const version = versionAt(seed, unixMs);
  const team = random.pick(teams, ({ share }) => share).name;
  const user = wish.user ?? `${team}-${1 + Math.floor(40 * random.next() ** 2)}`;
  const traceId = random.hex(32);
  const streamed = task.operation === 'chat' && random.chance(0.6);
  const cache: { tier: string; hit: boolean; latencyMs: number }[] = [];
  for (const [index, rate] of task.cacheHits.entries()) {
    if (rate === 0) continue;
    const hit = random.chance(rate * (size('cache_degradation') ?? 1));
    cache.push({ tier: String(index + 1), hit, latencyMs: random.lognormal([0.4, 6, 14][index]!, 0.3) });
    if (hit) break;
  }
  const answeredByCache = cache.at(-1)?.hit === true;
  const asked = wish.model ?? modelOf(random.pick(Object.entries(task.routes), ([, share]) => share)[0]);
  const attempts: Attempt[] = [];
  const cost = size('cost_spike') ?? 1;
  const pace = version.pace * (size('latency_spike') ?? 1);
  const failing = size('error_burst') ?? 0.002;
  let startMs = unixMs + cache.reduce((sum, { latencyMs }) => sum + latencyMs, 0);
  let model = asked;
  const prompt = Math.max(1, Math.round(random.lognormal(task.inputTokens, task.spread) * cost));
  for (let attempt = 0; attempt < 3; attempt++) {
    const errorType = !answeredByCache && random.chance(failing) ? random.pick(['rate_limit', 'timeout', 'server_error'] as const) : '';
    const made = attemptOf(task, model, random, { prompt, cost, pace, startMs, errorType, reason: reasons[attempt]! });
    attempts.push(made);
    if (errorType === '') break;
    startMs += made.durationMs + 50;
    if (attempt === 1) model = modelOf(asked.fallback);
  }
  const served = attempts.at(-1)!;
  const quality =
    served.errorType === '' && random.chance(0.25)
      ? Math.min(5, Math.max(0, served.model.quality - (size('quality_drop') ?? 0) + 0.25 * random.normal()))
      : undefined;
  return { unixMs, task, team, user, version: version.name, traceId, streamed, cache, attempts, answeredByCache, quality };
}

const reasons = ['first', 'retry', 'failover'] as const;

interface AttemptInput {
  readonly prompt: number;
  readonly cost: number;
  readonly pace: number;
  readonly startMs: number;
  readonly errorType: Attempt['errorType'];
  readonly reason: Attempt['reason'];
}

function attemptOf(task: DemoTask, model: DemoModel, random: Random, input: AttemptInput): Attempt {
  const { prompt, cost, pace, startMs, errorType, reason } = input;
  const output = task.outputTokens === 0 ? 0 : Math.max(1, Math.round(random.lognormal(task.outputTokens, task.spread) * Math.sqrt(cost)));
  const cached = random.chance(task.promptCached === 0 ? 0 : 0.7) ? Math.round(prompt * task.promptCached) : 0;
  const writes = cached === 0 && model.provider === 'anthropic' ? Math.round(prompt * task.promptCached) : 0;
  const firstChunkMs = random.lognormal(model.firstChunkMs, 0.25) * pace;
  const durationMs = firstChunkMs + (output / model.tokensPerSecond) * 1000 * random.lognormal(1, 0.15) * pace;
  const failed = errorType !== '';
  return {
    model,
    reason,
    startMs,
    durationMs: errorType === 'timeout' ? 10_000 * pace : failed ? firstChunkMs * 0.3 : durationMs,
    firstChunkMs,
    errorType,
    input: failed ? 0 : prompt - cached - writes,
    cacheRead: failed ? 0 : cached,
    cacheWrite: failed ? 0 : writes,
    output: failed ? 0 : output,
    reasoning: failed || model.name !== 'claude-sonnet-4-5' ? 0 : Math.round(output * random.between(0.1, 0.5)),
    saysUsage: model.provider !== 'gcp.gemini' || !random.chance(0.01),
    charged: model.provider === 'openai' && random.chance(0.3) ? 1 + Math.round(random.normal() * 10) / 1000 : undefined,
  };
}
