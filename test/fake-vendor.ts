import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenKind } from '@millrace/genai';
import { apis } from './fake-vendor/apis.ts';
import type { Api, Ask, ServerEvent } from './fake-vendor/api.ts';

/**
 * What the vendor does with a request. `silent` never tells usage, asked or not; `cut` breaks the connection in the middle of the answer;
 * `tool` asks for the first offered tool, and answers in words once the request carries a tool's result.
 */
export const scenarios = [
  'plain',
  'cached',
  'cache_write',
  'reasoning',
  'audio',
  'tool',
  'silent',
  'cut',
  'rate_limited',
  'failed',
] as const;

/** One of `scenarios`. */
export type Scenario = (typeof scenarios)[number];

/** Tokens by disjoint bucket; what is absent is 0. */
export type Buckets = Partial<Record<TokenKind, number>>;

/** What the vendor charges for one request. */
export interface Bill {
  /** From 1 in the order of arrival. It is also added to the `input` tokens, so that no two bills are alike. */
  readonly number: number;
  /** `gen_ai.provider.name`. */
  readonly provider: 'openai' | 'anthropic' | 'gcp.gemini' | 'aws.bedrock';
  /** `gen_ai.operation.name`. */
  readonly operation: 'chat' | 'text_completion' | 'embeddings' | 'generate_content';
  readonly path: string;
  readonly scenario: Scenario;
  readonly requestModel: string;
  /** What answered: a dated snapshot of the alias that was asked for; '' when nothing did. */
  readonly responseModel: string;
  readonly streamed: boolean;
  readonly status: number;
  /** Why the answer ended, in the vendor's words: stop, tool_calls, end_turn, ...; '' when it broke off or failed. */
  readonly finish: string;
  readonly serviceTier: string;
  readonly usage: Buckets;
  /** How much of the usage the answer told. An Anthropic stream that breaks off has told of the input only. */
  readonly told: 'all' | 'some' | 'none';
}

/** A vendor of language models on 127.0.0.1. */
export interface FakeVendor {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** What it charged, in the order of arrival. */
  readonly bills: Bill[];
  /** What a client takes as the vendor's address, without the API's version: `at('cached') + '/v1'` for OpenAI's, `at('cached')` for Anthropic's. */
  at(scenario: Scenario): string;
  close(): Promise<void>;
}

const amounts: Readonly<Record<Scenario, Buckets>> = {
  plain: { input: 19, output: 7 },
  cached: { input: 88, cache_read: 1024, output: 31 },
  cache_write: { input: 15, cache_read: 4096, cache_write: 2560, output: 53 },
  reasoning: { input: 23, output: 41, reasoning: 192 },
  audio: { input: 14, input_audio: 120, output: 9, output_audio: 77 },
  tool: { input: 61, output: 17 },
  silent: { input: 27, output: 13 },
  cut: { input: 33, output: 21 },
  rate_limited: {},
  failed: {},
};

/** The second round of `tool`. */
const amountAfterTool: Buckets = { input: 95, output: 12 };

const statuses: Partial<Record<Scenario, number>> = { rate_limited: 429, failed: 500 };

const snapshots: Readonly<Record<string, string>> = {
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-4o-audio-preview': 'gpt-4o-audio-preview-2025-06-03',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
  'o4-mini': 'o4-mini-2025-04-16',
  'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
};

/**
 * Starts a vendor that speaks OpenAI's chat completions, completions, responses and embeddings, Anthropic's messages, Gemini's
 * generateContent and Bedrock's Converse, all of them plain and streamed. The first part of the path chooses the scenario (`/cached/v1/...`);
 * without one it is `plain`. `GET /bills` tells the bills.
 */
export async function startFakeVendor(port = 0): Promise<FakeVendor> {
  const bills: Bill[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, bills).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'invalid_request_error', message: String(error) } }));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    bills,
    at: (scenario) => `${url}/${scenario}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, bills: Bill[]): Promise<void> {
  const { pathname } = new URL(request.url!, 'http://vendor');
  const first = pathname.split('/', 2)[1]!;
  const scenario = (scenarios as readonly string[]).includes(first) ? (first as Scenario) : 'plain';
  const path = first === scenario ? pathname.slice(first.length + 1) : pathname;
  if (path === '/bills') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(bills));
    return;
  }

  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const api = apis.find((candidate) => candidate.path.test(path));
  if (api === undefined) throw new Error(`no API of this vendor: ${path}`);
  const body = JSON.parse(Buffer.concat(parts).toString() || '{}') as Record<string, unknown>;
  const streamed = api.streamed(body, path);
  const requestModel = api.model(body, path);
  const toolResult =
    scenario === 'tool' && /"tool_result"|"role":"tool"|"function_call_output"|"functionResponse"|"toolResult"/.test(JSON.stringify(body));
  const status = statuses[scenario] ?? 200;
  const number = bills.length + 1;
  const usage = { ...(toolResult ? amountAfterTool : amounts[scenario]) };
  if (status === 200) usage.input = usage.input! + number;
  if (api.operation === 'embeddings') for (const kind of Object.keys(usage)) if (kind !== 'input') delete usage[kind as TokenKind];
  if (api.provider === 'anthropic' && usage.cache_write !== undefined) {
    usage.cache_write_5m = usage.cache_write - 512;
    usage.cache_write_1h = 512;
    delete usage.cache_write;
  }
  // What a vendor charges as something else.
  if (api.provider === 'gcp.gemini') fold(usage, 'cache_write', 'input');
  if (api.provider === 'aws.bedrock') fold(usage, 'reasoning', 'output');
  const ask: Ask = {
    body,
    number,
    scenario,
    responseModel: snapshots[requestModel] ?? requestModel,
    callsTool: scenario === 'tool' && !toolResult,
    serviceTier: typeof body['service_tier'] === 'string' && body['service_tier'] !== 'auto' ? body['service_tier'] : api.serviceTier,
    usage,
    told: scenario === 'silent' ? false : !streamed || api.tellsStreamed(body),
  };
  const whole = status === 200 && scenario !== 'cut';
  bills.push({
    number,
    provider: api.provider,
    operation: api.operation,
    path,
    scenario,
    requestModel,
    responseModel: status === 200 ? ask.responseModel : '',
    streamed,
    status,
    finish: whole ? api.finish(ask) : '',
    serviceTier: ask.serviceTier,
    usage,
    told: scenario === 'cut' ? (streamed && api.provider === 'anthropic' ? 'some' : 'none') : status === 200 && ask.told ? 'all' : 'none',
  });

  if (status !== 200) {
    response.writeHead(status, { 'content-type': 'application/json', ...api.errorHeaders }).end(JSON.stringify(api.error(status)));
  } else if (streamed) {
    await stream(response, api, api.events(ask), scenario === 'cut');
  } else {
    const text = JSON.stringify(api.body(ask));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-request-id': `req_${number}`,
    });
    if (scenario === 'cut') response.write(text.slice(0, text.length / 2), () => response.destroy());
    else response.end(text);
  }
}

function fold(usage: Buckets, from: TokenKind, into: TokenKind): void {
  if (usage[from] === undefined) return;
  usage[into] = (usage[into] ?? 0) + usage[from];
  delete usage[from];
}

const asServerSent: NonNullable<Api['framing']> = {
  contentType: 'text/event-stream; charset=utf-8',
  frame: ({ event, data }) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    return Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
  },
};

/** One write per event, each after the one before left. A cut stream ends after two thirds of its events. */
async function stream(
  response: ServerResponse,
  { framing = asServerSent }: Api,
  events: readonly ServerEvent[],
  cut: boolean,
): Promise<void> {
  response.writeHead(200, { 'content-type': framing.contentType, 'cache-control': 'no-cache' });
  const sent = cut ? events.slice(0, Math.ceil((events.length * 2) / 3) - 1) : events;
  for (const event of sent) await new Promise((resolve) => response.write(framing.frame(event), resolve));
  if (cut) response.destroy();
  else response.end();
}

// As a program: prints its address and runs until its standard input ends, which is when its parent does.
if (import.meta.main) {
  const place = process.argv.indexOf('--port');
  const vendor = await startFakeVendor(place < 0 ? 0 : Number(process.argv[place + 1]));
  process.stdout.write(`${vendor.url}\n`);
  process.stdin.resume().once('end', () => void vendor.close());
}
