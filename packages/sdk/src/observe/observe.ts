import type { Level } from '@millrace/genai';
import { readMessage, readMessageEvent } from './anthropic.ts';
import { isAiModel, observeModel } from './model.ts';
import { ObservedCall } from './observed-call.ts';
import type { CallObserver, ObserveOptions } from './observed-call.ts';
import { observePromise } from './observed-promise.ts';
import { observeStream } from './observed-stream.ts';
import type { ChunkReader } from './observed-stream.ts';
import { readCompletion, readResponse, readResponseEvent } from './openai.ts';

/** A method of a vendor's client that calls a model. */
interface Method {
  /** Where it is, from the client on. */
  readonly path: readonly string[];
  readonly operation: string;
  readonly level: Level;
  readonly answer: ChunkReader;
  readonly chunk: ChunkReader;
  /** The parameter that holds the prompt. */
  readonly input: string;
}

const chat = { operation: 'chat', level: 'inference' } as const;
const methods: readonly Method[] = [
  { path: ['chat', 'completions', 'create'], ...chat, answer: readCompletion, chunk: readCompletion, input: 'messages' },
  { path: ['responses', 'create'], ...chat, answer: readResponse, chunk: readResponseEvent, input: 'input' },
  {
    path: ['embeddings', 'create'],
    operation: 'embeddings',
    level: 'embeddings',
    answer: readCompletion,
    chunk: readCompletion,
    input: 'input',
  },
  {
    path: ['completions', 'create'],
    operation: 'text_completion',
    level: 'inference',
    answer: readCompletion,
    chunk: readCompletion,
    input: 'prompt',
  },
  { path: ['messages', 'create'], ...chat, answer: readMessage, chunk: readMessageEvent, input: 'messages' },
  { path: ['beta', 'messages', 'create'], ...chat, answer: readMessage, chunk: readMessageEvent, input: 'messages' },
];

/** What is observed already. */
const observed = new WeakSet<object>();

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Node = Record<string, unknown>;

/**
 * Observes every call of a model by a client of `openai` or `@anthropic-ai/sdk`, or by a model of `ai`, and returns it: the same object, whose
 * methods return what they always did. Helpers that call those methods (`stream`, `parse`, `runTools`) are observed with them, and so are
 * clients made by `withOptions`. Observed twice is observed once.
 *
 * @throws TypeError for anything else.
 */
export function observe<T extends object>(client: T, observer: CallObserver, options: ObserveOptions = {}): T {
  if (observed.has(client)) return client;
  if (isAiModel(client)) {
    observed.add(client);
    observeModel(client, observer, options);
    return client;
  }
  let found = 0;
  for (const method of methods) if (patch(client as Node, method, observer, options)) found++;
  if (found === 0) {
    throw new TypeError('observe() takes a client of openai or @anthropic-ai/sdk, or a model of ai; for functions of ai there is wrapAI()');
  }
  observed.add(client);
  const { withOptions } = client as Node;
  if (typeof withOptions === 'function') {
    define(client as Node, 'withOptions', function (this: unknown, ...args: unknown[]) {
      const copy = (withOptions as AnyFunction).apply(this, args) as object;
      try {
        return observe(copy, observer, options);
      } catch (error) {
        observer.failed(error);
        return copy;
      }
    });
  }
  return client;
}

function patch(client: Node, method: Method, observer: CallObserver, options: ObserveOptions): boolean {
  let owner: unknown = client;
  for (const name of method.path.slice(0, -1)) owner = (owner as Node | undefined)?.[name];
  const name = method.path.at(-1)!;
  const original = (owner as Node | undefined)?.[name];
  if (typeof original !== 'function') return false;
  define(owner as Node, name, function (this: unknown, ...args: unknown[]) {
    const call = begin(client, method, args[0] as Node | undefined, observer, options);
    if (call === undefined) return (original as AnyFunction).apply(this, args);
    let returned: unknown;
    try {
      returned = call.run(() => (original as AnyFunction).apply(this, args));
    } catch (error) {
      call.fail(error);
      throw error;
    }
    return observePromise(returned, call, (answer) => conclude(answer, call, method));
  });
  return true;
}

function begin(
  client: Node,
  { operation, level, input }: Method,
  params: Node | undefined,
  observer: CallObserver,
  options: ObserveOptions,
): ObservedCall | undefined {
  try {
    const { model, stream } = params ?? {};
    const server = serverOf(client);
    const start = {
      operation,
      level,
      provider: options.provider ?? server.provider,
      model: typeof model === 'string' ? model : '',
      streamed: stream === true,
      serverAddress: server.address,
      serverPort: server.port,
      input: options.content === 'keep' ? params?.[input] : undefined,
    };
    return new ObservedCall(observer, start, options);
  } catch (error) {
    observer.failed(error);
    return undefined;
  }
}

function conclude(answer: unknown, call: ObservedCall, { answer: readAnswer, chunk }: Method): void {
  if (call.call.streamed) {
    let observable = false;
    call.read(() => {
      observable = typeof answer === 'object' && answer !== null && observeStream(answer, call, chunk);
    });
    if (!observable) call.abandon();
    return;
  }
  call.read(() => readAnswer(answer, call));
  call.succeed();
}

const hosts: readonly (readonly [RegExp, string])[] = [
  [/\.openai\.azure\.com$|\.cognitiveservices\.azure\.com$/, 'azure.ai.openai'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)mistral\.ai$/, 'mistral_ai'],
  [/(^|\.)x\.ai$/, 'x_ai'],
  [/(^|\.)perplexity\.ai$/, 'perplexity'],
  [/(^|\.)moonshot\.(ai|cn)$/, 'moonshot_ai'],
  [/(^|\.)cohere\.(ai|com)$/, 'cohere'],
  [/^generativelanguage\.googleapis\.com$/, 'gcp.gemini'],
  [/-aiplatform\.googleapis\.com$/, 'gcp.vertex_ai'],
  [/^bedrock[.-].*\.amazonaws\.com$/, 'aws.bedrock'],
];

/** Who answers, and where. */
interface Server {
  readonly baseUrl: unknown;
  readonly provider: string;
  readonly address: string;
  readonly port: number;
}

/** As it was when a client was asked last: an application may change its address. */
const servers = new WeakMap<object, Server>();

function serverOf(client: Node): Server {
  const { baseURL: baseUrl } = client;
  let server = servers.get(client);
  if (server === undefined || server.baseUrl !== baseUrl) {
    const url = typeof baseUrl === 'string' ? URL.parse(baseUrl) : null;
    const address = url?.hostname ?? '';
    const port = url === null ? Number.NaN : Number(url.port) || (url.protocol === 'http:' ? 80 : 443);
    servers.set(client, (server = { baseUrl, provider: providerOf(client, address), address, port }));
  }
  return server;
}

/** Who answers: by the client's class where it is one vendor's, else by its address. */
function providerOf(client: Node, host: string): string {
  const className = client.constructor.name;
  if (className.startsWith('Azure')) return 'azure.ai.openai';
  if (className.includes('Bedrock')) return 'aws.bedrock';
  if (className.includes('Vertex')) return 'gcp.vertex_ai';
  return hosts.find(([pattern]) => pattern.test(host))?.[1] ?? ('messages' in client ? 'anthropic' : 'openai');
}

function define(target: Node, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
