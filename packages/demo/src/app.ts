import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Demo } from './demo.ts';
import { incidentsBetween } from './incidents.ts';
import { wished } from './traffic.ts';
import type { DemoRequest, TrafficOptions } from './traffic.ts';
import { models, tasks } from './world.ts';
import { chargedUsd, listPrice, usd } from './price.ts';

const maxBodyBytes = 65_536;
const dayMs = 86_400_000;

/** What the HTTP interface of the demo needs. */
export interface AppOptions {
  readonly demo: Demo;
  readonly traffic: TrafficOptions;
  /** The demo's time in milliseconds since the epoch. */
  readonly now: () => number;
}

type Answer = readonly [status: number, body: unknown];
type Handler = (body: Readonly<Record<string, unknown>>, url: URL) => Promise<Answer> | Answer;

/**
 * The demo's HTTP interface: `GET /health`, `GET /metrics` (Prometheus text), `POST /api/register {username, source}`, `POST /api/llm {task, model,
 * user}`, `POST /api/optimize {parameter, value}`, `POST /api/cache {tier, operation}`; and, for those who check, `GET /tally` and `GET /incidents`.
 * Prompts are not read: nothing of them could get out.
 */
export function createApp(options: AppOptions): Server {
  const { demo } = options;
  const { rows } = demo;
  const routes = routesOf(options);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const begin = performance.now();
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', 'http://demo');
    const route = `${method} ${url.pathname}`;
    const handler = routes[route];
    const labels = [method, handler === undefined ? undefined : url.pathname];
    rows.change('http.server.active_requests', labels, 1);
    const [status, body] = await (handler === undefined ? ([404, { error: `no ${route}` }] as const) : answerOf(handler, request, url));
    response.statusCode = status;
    response.setHeader('content-type', typeof body === 'string' ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json');
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
    rows.change('http.server.active_requests', labels, -1);
    // Requests to the model are recorded with all that they cause.
    if (route === 'POST /api/llm' && status < 500) return;
    const type = status >= 500 ? String(status) : undefined;
    rows.count('millrace.http.requests', [...labels, String(status)]);
    rows.observe('http.server.request.duration', [...labels, String(status), type], (performance.now() - begin) / 1000);
  };
  return createServer((request, response) => void answer(request, response));
}

async function answerOf(handler: Handler, request: IncomingMessage, url: URL): Promise<Answer> {
  try {
    return await handler(await bodyOf(request), url);
  } catch (error) {
    return [error instanceof SyntaxError || error instanceof RangeError ? 400 : 500, { error: (error as Error).message }];
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBodyBytes) throw new RangeError(`the body is larger than ${maxBodyBytes} bytes`);
    parts.push(part);
  }
  if (size === 0) return {};
  const body: unknown = JSON.parse(Buffer.concat(parts).toString());
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new SyntaxError('expected a JSON object');
  return body as Record<string, unknown>;
}

function routesOf({ demo, traffic, now }: AppOptions): Readonly<Record<string, Handler>> {
  const { rows } = demo;
  let asked = 0;
  return {
    'GET /health': () => [200, { status: 'ok', time: new Date(now()).toISOString() }],
    'GET /metrics': () => [200, rows.recorder.metricsText()],
    'GET /tally': () => [200, Object.fromEntries(demo.finishTally().expected)],
    'GET /incidents': (_body, url) => {
      const days = Number(url.searchParams.get('days') ?? 7);
      if (!(days > 0 && days <= 366)) throw new RangeError('days: expected a number from 1 to 366');
      return [200, incidentsBetween(traffic.seed, traffic.incidents, now() - days * dayMs, now())];
    },
    'POST /api/register': ({ source = 'web' }) => {
      rows.count('millrace.user.registrations', [oneOf('source', source, ['web', 'app', 'invitation'])]);
      return [201, { registered: true }];
    },
    'POST /api/llm': async ({ task, model, user }) => {
      const request = wished(traffic, Math.floor(now()), asked++, {
        ...(task !== undefined && { task: named('task', task, tasks) }),
        ...(model !== undefined && { model: named('model', model, models) }),
        ...(typeof user === 'string' && { user: user.slice(0, 64) }),
      });
      await demo.serve(request);
      return told(request);
    },
    'POST /api/optimize': ({ parameter = 'cache_size', value = 5000 }) => {
      const name = oneOf('parameter', parameter, ['cache_size', 'timeout_ms', 'pool_size']);
      if (typeof value !== 'number' || !Number.isFinite(value)) throw new RangeError('value: expected a number');
      const score = 1 / (1 + Math.abs(value - 6000) / 6000);
      rows.set('millrace.optimization.parameter.value', [name], value);
      rows.count('millrace.optimization.parameter.changes', [name]);
      rows.observe('millrace.optimization.score', ['manual'], score);
      return [200, { parameter: name, value, score }];
    },
    'POST /api/cache': ({ tier = '1', operation = 'get' }) => {
      const name = oneOf('operation', operation, ['get', 'put', 'delete']);
      const place = oneOf('tier', String(tier as string | number), ['1', '2', '3']);
      rows.count('millrace.cache.operations', [place, name]);
      return [200, { tier: place, operation: name }];
    },
  };
}

function told({ traceId, attempts, answeredByCache, cache, unixMs }: DemoRequest): Answer {
  const last = attempts.at(-1)!;
  const price = answeredByCache ? 0n : listPrice(last.model, last, unixMs);
  const body = {
    trace_id: traceId,
    model: last.model.answers,
    cached: answeredByCache ? cache.at(-1)!.tier : false,
    usage: { input: last.input, cache_read: last.cacheRead, cache_write: last.cacheWrite, output: last.output, reasoning: last.reasoning },
    ...(price !== undefined && { cost_usd: chargedUsd(last) ?? usd(price) }),
    attempts: attempts.length,
  };
  return last.errorType === '' ? [200, body] : [502, { ...body, error: last.errorType }];
}

function oneOf<const T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((known) => known === value);
  if (found === undefined) throw new RangeError(`${name}: expected one of ${allowed.join(', ')}`);
  return found;
}

function named<T extends { readonly name: string }>(name: string, value: unknown, all: readonly T[]): T {
  const found = all.find((item) => item.name === value);
  if (found === undefined) throw new RangeError(`${name}: expected one of ${all.map((item) => item.name).join(', ')}`);
  return found;
}
